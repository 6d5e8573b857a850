"""Refunds, and the days that they took back"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"


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
    op.add_column("subscription_changes", _number("refund_id", nullable=True))
    op.create_unique_constraint("subscription_changes_refund_id_key", "subscription_changes", ["refund_id"])


def downgrade() -> None:
    op.drop_column("subscription_changes", "refund_id")
    op.drop_table("refund_changes")
    op.drop_table("refunds")
