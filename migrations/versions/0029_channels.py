"""Private channels and groups: what is sold, who wants in, who is in"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.Column("trouble_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_update", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("chat_id", name="channels_pkey"),
    )
    op.create_table(
        "channel_invites",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("sealed_link", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grants.id"], name="channel_invites_grant_id_fkey"),
        sa.PrimaryKeyConstraint("chat_id", "grant_id", name="channel_invites_pkey"),
    )
    op.create_index("channel_invites_grant", "channel_invites", ["grant_id"])
    op.create_table(
        "channel_members",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("is_in", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_us", sa.Boolean(), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=True),
        sa.Column("let_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("let_in_update", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_update", sa.BigInteger(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_update", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grants.id"], name="channel_members_grant_id_fkey"),
        sa.PrimaryKeyConstraint("chat_id", "telegram_id", name="channel_members_pkey"),
    )
    op.create_index(
        "channel_members_ours",
        "channel_members",
        ["chat_id", "telegram_id"],
        postgresql_where=sa.text("grant_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("channel_members")
    op.drop_table("channel_invites")
    op.drop_table("channels")
