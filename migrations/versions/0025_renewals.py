"""Which subscriptions renew by themselves; charges of the balance, and charges that end in time"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "subscription_renewals",
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("method_id", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("turned_on_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turned_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("off_cause", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name="subscription_renewals_subscription_id_fkey"
        ),
        sa.PrimaryKeyConstraint("subscription_id", name="subscription_renewals_pkey"),
    )
    op.create_index(
        "subscription_renewals_method",
        "subscription_renewals",
        ["method_id"],
        postgresql_where=sa.text("turned_off_at IS NULL"),
    )
    op.alter_column("charges", "method_id", nullable=True)
    op.add_column("charges", sa.Column("until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Charges of the balance go: the release before could not make them, and their payments stay."""
    op.execute("DELETE FROM charges WHERE method_id IS NULL")
    op.drop_column("charges", "until")
    op.alter_column("charges", "method_id", nullable=False)
    op.drop_table("subscription_renewals")
