"""Who invited whom, personal links, and what came of them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("users", sa.Column("invited_by", sa.BigInteger(), nullable=True))
    op.create_foreign_key("users_invited_by_fkey", "users", "users", ["invited_by"], ["id"])
    op.create_index("users_invited_by_idx", "users", ["invited_by"])
    op.create_table(
        "referral_links",
        sa.Column("user_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="referral_links_pkey"),
        sa.UniqueConstraint("code", name="referral_links_code_key"),
    )
    op.create_table(
        "referrals",
        sa.Column("invited_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("inviter_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("invited_id", name="referrals_pkey"),
    )
    op.create_index("referrals_inviter", "referrals", ["inviter_id", "invited_id"])
    op.create_table(
        "referral_rewards",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("invited_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=True),
        sa.Column("minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["invited_id"], ["referrals.invited_id"], name="referral_rewards_invited_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="referral_rewards_pkey"),
        sa.UniqueConstraint("invited_id", "side", name="referral_rewards_invited_id_side_key"),
    )
    op.create_index("referral_rewards_user", "referral_rewards", ["user_id", "state"])


def downgrade() -> None:
    op.drop_table("referral_rewards")
    op.drop_table("referrals")
    op.drop_table("referral_links")
    op.drop_column("users", "invited_by")
