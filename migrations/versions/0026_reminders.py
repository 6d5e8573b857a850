"""What was said about each end of a subscription, once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "subscription_reminders",
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why_not", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name="subscription_reminders_subscription_id_fkey"
        ),
        sa.PrimaryKeyConstraint("subscription_id", "kind", "ends_at", name="subscription_reminders_pkey"),
    )
    op.create_index(
        "subscriptions_ended",
        "subscriptions",
        ["ends_at"],
        postgresql_where=sa.text("state IN ('expired', 'grace')"),
    )


def downgrade() -> None:
    op.drop_index("subscriptions_ended", "subscriptions")
    op.drop_table("subscription_reminders")
