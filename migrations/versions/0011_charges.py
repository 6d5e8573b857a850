"""Charges of remembered cards"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
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


def downgrade() -> None:
    op.drop_table("charges")
