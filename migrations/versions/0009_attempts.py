"""Several attempts of an invoice: what came of each, what was decided, which card is remembered"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    op.execute("CREATE SEQUENCE payment_numbers")
    op.create_table(
        "payment_methods",
        _id(),
        *(_text(name) for name in ("party", "provider", "token", "title", "state")),
        _time("created_at"),
        _time("changed_at"),
        sa.PrimaryKeyConstraint("id", name="payment_methods_pkey"),
        sa.UniqueConstraint("provider", "token", name="payment_methods_provider_token_key"),
    )
    op.create_index("payment_methods_party", "payment_methods", ["party", "id"])
    op.add_column("payments", sa.Column("wire_key", sa.Uuid(), nullable=True))
    op.add_column("payments", _text("reference", nullable=True))
    for flag in ("save", "renews"):  # with a default, for the release that still runs inserts without them
        op.add_column("payments", sa.Column(flag, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("payments", _number("method_id", nullable=True))
    op.add_column("payments", _number("received_minor", nullable=True))
    op.add_column("payments", _text("received_currency", nullable=True))
    op.add_column("payments", _number("fee_minor", nullable=True))
    op.add_column("payments", _text("decided", nullable=True))
    op.add_column("payments", _time("succeeded_at", nullable=True))
    op.execute("""
        UPDATE payments SET succeeded_at = updated_at, received_minor = amount_minor, received_currency = currency
        WHERE state = 'succeeded'
    """)
    op.create_foreign_key("payments_method_id_fkey", "payments", "payment_methods", ["method_id"], ["id"])
    op.create_unique_constraint("payments_reference_key", "payments", ["reference"])
    op.create_index("payments_wire_key_idx", "payments", ["wire_key"])
    undecided = sa.text("decision IS NOT NULL AND decided IS NULL")
    op.create_index("payments_undecided", "payments", ["id"], postgresql_where=undecided)
    op.create_index("payments_created", "payments", ["provider", "created_at"])


def downgrade() -> None:
    op.drop_index("payments_created", "payments")
    op.drop_index("payments_undecided", "payments")
    op.drop_index("payments_wire_key_idx", "payments")
    for column in (
        *("succeeded_at", "decided", "fee_minor", "received_currency", "received_minor", "method_id", "renews", "save"),
        *("reference", "wire_key"),
    ):
        op.drop_column("payments", column)
    op.drop_table("payment_methods")
    op.execute("DROP SEQUENCE payment_numbers")
