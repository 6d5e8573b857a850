"""Trial, grace, pause and change of tariff; the journal says who, what and whose days"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"

LIVE = "state IN ('trial', 'active', 'canceled', 'grace', 'paused')"
DUE = "state IN ('trial', 'active', 'canceled', 'grace')"


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("tariffs", sa.Column("grace", postgresql.JSONB(), nullable=True))
    op.add_column("subscriptions", _time("grace_ends_at", nullable=True))
    op.add_column("subscriptions", _time("paused_at", nullable=True))
    op.create_index(
        "subscriptions_only_live", "subscriptions", ["party", "product"], unique=True, postgresql_where=sa.text(LIVE)
    )
    op.create_index(
        "subscriptions_due",
        "subscriptions",
        [sa.text("coalesce(grace_ends_at, ends_at)")],
        postgresql_where=sa.text(DUE),
    )
    op.drop_index("subscriptions_one_live", "subscriptions")
    op.drop_index("subscriptions_ending", "subscriptions")
    for name in ("state", "cause", "reference", "value_currency"):
        op.add_column("subscription_changes", sa.Column(name, sa.String(), nullable=True))
    op.add_column("subscription_changes", sa.Column("value_minor", sa.BigInteger(), nullable=True))
    op.add_column("subscription_changes", sa.Column("portions", postgresql.JSONB(), nullable=True))
    op.create_unique_constraint("subscription_changes_reference_key", "subscription_changes", ["reference"])
    op.create_table(
        "subscription_trials",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        _time("taken_at"),
        sa.PrimaryKeyConstraint("person", "product", name="subscription_trials_pkey"),
    )
    op.create_table(
        "subscription_offers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("quote", postgresql.JSONB(), nullable=False),
        _time("ends_at"),
        _time("created_at"),
        _time("expires_at"),
        sa.Column("portions", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name="subscription_offers_subscription_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="subscription_offers_pkey"),
    )
    op.create_index("subscription_offers_subscription_id_idx", "subscription_offers", ["subscription_id"])


def downgrade() -> None:
    op.drop_table("subscription_offers")
    op.drop_table("subscription_trials")
    op.drop_constraint("subscription_changes_reference_key", "subscription_changes")
    for name in ("portions", "value_minor", "value_currency", "reference", "cause", "state"):
        op.drop_column("subscription_changes", name)
    op.create_index("subscriptions_ending", "subscriptions", ["ends_at"], postgresql_where=sa.text("state = 'active'"))
    op.create_index(
        "subscriptions_one_live",
        "subscriptions",
        ["party", "product"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.drop_index("subscriptions_due", "subscriptions")
    op.drop_index("subscriptions_only_live", "subscriptions")
    op.drop_column("subscriptions", "paused_at")
    op.drop_column("subscriptions", "grace_ends_at")
    op.drop_column("tariffs", "grace")
