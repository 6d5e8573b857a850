"""Subscriptions and their journal"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("anchor_day", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="subscriptions_pkey"),
    )
    op.create_index("subscriptions_ending", "subscriptions", ["ends_at"], postgresql_where=sa.text("state = 'active'"))
    op.create_index(
        "subscriptions_one_live",
        "subscriptions",
        ["party", "product"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index("subscriptions_party", "subscriptions", ["party", "id"])
    op.create_table(
        "subscription_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name="subscription_changes_subscription_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="subscription_changes_pkey"),
        sa.UniqueConstraint("invoice_id", name="subscription_changes_invoice_id_key"),
    )
    op.create_index("subscription_changes_subscription_id_idx", "subscription_changes", ["subscription_id"])


def downgrade() -> None:
    op.drop_table("subscription_changes")
    op.drop_table("subscriptions")
