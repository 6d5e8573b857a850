"""Goods that no machine gives: links to files, tasks for operators, files that Telegram has, answers of sellers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "download_links",
        sa.Column("token_hash", sa.String(), primary_key=True),
        sa.Column("grant_id", sa.BigInteger(), sa.ForeignKey("access_grants.id"), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("uses_left", sa.BigInteger(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
    )
    op.create_index("download_links_age", "download_links", ["expires_at"])
    op.create_table(
        "access_tasks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("grant_id", sa.BigInteger(), sa.ForeignKey("access_grants.id"), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("good", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("usage_epoch", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("reminded_at", MOMENT, nullable=True),
        sa.Column("operator", sa.String(), nullable=True),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("awaits", sa.String(), nullable=True),
        sa.Column("awaits_from", sa.BigInteger(), nullable=True),
        sa.Column("awaits_since", MOMENT, nullable=True),
    )
    is_open, is_asked = sa.text("closed_at IS NULL"), sa.text("awaits_from IS NOT NULL")
    op.create_index("access_tasks_one_open", "access_tasks", ["grant_id"], unique=True, postgresql_where=is_open)
    op.create_index("access_tasks_waiting", "access_tasks", ["due_at"], postgresql_where=is_open)
    op.create_index("access_tasks_grant", "access_tasks", ["grant_id", "id"])
    op.create_index("access_tasks_awaits", "access_tasks", ["awaits_from"], postgresql_where=is_asked)
    op.create_table(
        "sent_files",
        sa.Column("account", sa.String(), primary_key=True),
        sa.Column("good", sa.String(), primary_key=True),
        sa.Column("version", sa.String(), primary_key=True),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
    )
    op.create_table(
        "seller_answers",
        sa.Column("grant_id", sa.BigInteger(), sa.ForeignKey("access_grants.id"), primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    for table in ("seller_answers", "sent_files", "access_tasks", "download_links"):
        op.drop_table(table)
