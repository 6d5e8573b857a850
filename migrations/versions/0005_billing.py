"""Invoices, attempts to pay them, what providers said"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("quote", postgresql.JSONB(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="invoices_pkey"),
    )
    op.create_index("invoices_open", "invoices", ["valid_until"], postgresql_where=sa.text("state = 'open'"))
    op.create_index("invoices_party", "invoices", ["party", "id"])
    op.create_table(
        "payments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("request", postgresql.JSONB(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("pay_url", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("check_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name="payments_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="payments_pkey"),
        sa.UniqueConstraint("key", name="payments_key_key"),
        sa.UniqueConstraint("provider", "external_id", name="payments_provider_external_id_key"),
    )
    op.create_index("payments_due", "payments", ["check_after"], postgresql_where=sa.text("check_after IS NOT NULL"))
    op.create_index("payments_invoice_id_idx", "payments", ["invoice_id"])
    op.create_index("payments_party", "payments", ["party", "id"])
    op.create_table(
        "payment_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="payment_changes_payment_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="payment_changes_pkey"),
    )
    op.create_index("payment_changes_payment_id_idx", "payment_changes", ["payment_id"])
    op.create_table(
        "payment_notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="payment_notifications_pkey"),
        sa.UniqueConstraint(
            "provider", "external_id", "kind", name="payment_notifications_provider_external_id_kind_key"
        ),
    )
    op.create_index("payment_notifications_age", "payment_notifications", ["received_at"])


def downgrade() -> None:
    op.drop_table("payment_notifications")
    op.drop_table("payment_changes")
    op.drop_table("payments")
    op.drop_table("invoices")
