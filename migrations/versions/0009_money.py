"""Money out and looked after: refunds, saved methods, charges, switches, statements; kept balances; the audit log"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

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
    _widen_payments()
    _create_refunds()
    op.create_table(
        "charges",
        _id(),
        _text("party"),
        _text("purpose"),
        _number("method_id"),
        _number("invoice_id"),
        _text("state"),
        _number("tries"),
        _text("detail", nullable=True),
        _time("next_at", nullable=True),
        _time("created_at"),
        _time("updated_at"),
        sa.ForeignKeyConstraint(["method_id"], ["payment_methods.id"], name="charges_method_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name="charges_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="charges_pkey"),
        sa.UniqueConstraint("purpose", name="charges_purpose_key"),
    )
    op.create_index("charges_method_id_idx", "charges", ["method_id"])
    op.create_index("charges_invoice_id_idx", "charges", ["invoice_id"])
    op.create_index("charges_due", "charges", ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL"))
    op.create_table(
        "provider_switches",
        _text("provider"),
        sa.Column("offered", sa.Boolean(), nullable=False),
        _text("reason"),
        _time("changed_at"),
        sa.PrimaryKeyConstraint("provider", name="provider_switches_pkey"),
    )
    op.create_table(
        "statements",
        _id(),
        _text("provider"),
        sa.Column("day", sa.Date(), nullable=False),
        _time("made_at"),
        _number("operations"),
        _number("differences"),
        sa.Column("totals", postgresql.JSONB(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="statements_pkey"),
        sa.UniqueConstraint("provider", "day", name="statements_provider_day_key"),
    )
    op.create_table(
        "ledger_balances",
        _text("account"),
        _text("currency"),
        _number("minor"),
        sa.PrimaryKeyConstraint("account", "currency", name="ledger_balances_pkey"),
    )
    op.create_index("ledger_transactions_time", "ledger_transactions", ["posted_at"])
    op.create_table(
        "audit_log",
        _id(),
        _time("at"),
        *(_text(name) for name in ("actor", "action", "subject")),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="audit_log_pkey"),
    )
    op.create_index("audit_log_subject", "audit_log", ["subject", "id"])
    op.add_column("subscription_changes", _number("refund_id", nullable=True))
    op.create_unique_constraint("subscription_changes_refund_id_key", "subscription_changes", ["refund_id"])


def _widen_payments() -> None:
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


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        _id(),
        _number("payment_id"),
        *(_text(name) for name in ("party", "provider", "destination", "state")),
        _number("amount_minor"),
        _text("currency"),
        sa.Column("key", sa.Uuid(), nullable=False),
        _text("reference", nullable=True),
        sa.Column("request", postgresql.JSONB(), nullable=False),
        _text("external_id", nullable=True),
        _text("detail", nullable=True),
        *(_text(name) for name in ("access", "reason", "actor")),
        _time("created_at"),
        _time("updated_at"),
        _time("check_after", nullable=True),
        _number("checks"),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="refunds_payment_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="refunds_pkey"),
        sa.UniqueConstraint("key", name="refunds_key_key"),
        sa.UniqueConstraint("reference", name="refunds_reference_key"),
        sa.UniqueConstraint("provider", "external_id", name="refunds_provider_external_id_key"),
    )
    op.create_index("refunds_payment_id_idx", "refunds", ["payment_id"])
    op.create_index("refunds_due", "refunds", ["check_after"], postgresql_where=sa.text("check_after IS NOT NULL"))
    op.create_index("refunds_created", "refunds", ["provider", "created_at"])
    op.create_table(
        "refund_changes",
        _id(),
        _number("refund_id"),
        _time("at"),
        _text("before", nullable=True),
        _text("after"),
        _text("cause"),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name="refund_changes_refund_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="refund_changes_pkey"),
    )
    op.create_index("refund_changes_refund_id_idx", "refund_changes", ["refund_id"])


def downgrade() -> None:
    op.drop_column("subscription_changes", "refund_id")
    op.drop_table("audit_log")
    op.drop_index("ledger_transactions_time", "ledger_transactions")
    for table in ("ledger_balances", "statements", "provider_switches", "charges", "refund_changes", "refunds"):
        op.drop_table(table)
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
