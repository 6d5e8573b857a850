"""Tokens: how tariffs sell them, whose tariff it is, what spendings were for, what was asked and missed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    op.add_column("tariffs", sa.Column("top_up", postgresql.JSONB(), nullable=True))
    op.add_column("tariffs", sa.Column("token_rate", postgresql.JSONB(), nullable=True))
    op.add_column("tariffs", sa.Column("token_floor", sa.BigInteger(), nullable=True))
    op.create_table(
        "wallets",
        _text("party"),
        _text("product"),
        sa.Column("subscription_fee", sa.BigInteger(), nullable=False),
        sa.Column("token_floor", sa.BigInteger(), nullable=False),
        _time("changed_at"),
        sa.PrimaryKeyConstraint("party", name="wallets_pkey"),
    )
    op.create_table(
        "wallet_notes",
        _text("kind"),
        _text("reference"),
        _text("party"),
        _text("description"),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "reference", name="wallet_notes_pkey"),
    )
    op.create_table(
        "wallet_questions",
        _text("party"),
        _text("tariff"),
        _text("currency"),
        _time("asked_at"),
        sa.PrimaryKeyConstraint("party", name="wallet_questions_pkey"),
    )
    op.create_table(
        "wallet_missed_fees",
        sa.Column("subscription_id", sa.BigInteger(), autoincrement=False, nullable=False),
        _time("ends_at"),
        _time("tried_at"),
        sa.PrimaryKeyConstraint("subscription_id", "ends_at", name="wallet_missed_fees_pkey"),
    )
    op.create_index("wallet_missed_fees_tries", "wallet_missed_fees", ["tried_at"])


def downgrade() -> None:
    for table in ("wallet_missed_fees", "wallet_questions", "wallet_notes", "wallets"):
        op.drop_table(table)
    for column in ("token_floor", "token_rate", "top_up"):
        op.drop_column("tariffs", column)
