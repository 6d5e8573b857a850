"""Balances of what we owe people, kept as rows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "ledger_balances",
        _text("account"),
        _text("currency"),
        _number("minor"),
        sa.PrimaryKeyConstraint("account", "currency", name="ledger_balances_pkey"),
    )
    op.create_index("ledger_transactions_time", "ledger_transactions", ["posted_at"])


def downgrade() -> None:
    op.drop_index("ledger_transactions_time", "ledger_transactions")
    op.drop_table("ledger_balances")
