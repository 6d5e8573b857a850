"""Shop receipts that people send, and the phones that bonuses are paid to"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0034"
down_revision = "0033"

MOMENT = sa.DateTime(timezone=True)


def _text(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "user_phones",
        _number("user_id", nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _text("blind_index", nullable=False),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="user_phones_user_id_fkey"),
        sa.PrimaryKeyConstraint("user_id", name="user_phones_pkey"),
    )
    op.create_index("user_phones_blind_index_idx", "user_phones", ["blind_index"])
    op.create_table(
        "receipts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _text("party", nullable=False),
        _text("source", nullable=False),
        _number("client_id"),
        _text("state", nullable=False),
        _text("reason"),
        sa.Column("submitted_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        _text("picture_key"),
        _text("media_type"),
        _number("size"),
        _text("picture_hash"),
        _number("attempts", nullable=False),
        sa.Column("reading", JSONB()),
        sa.Column("corrected", JSONB()),
        _text("tier"),
        _text("merchant"),
        sa.Column("bought_on", sa.Date()),
        _text("bought_at"),
        _number("total_minor"),
        _text("currency"),
        _text("fiscal_key"),
        _text("campaign"),
        _number("campaign_version"),
        _number("bonus_minor"),
        _text("bonus_currency"),
        sa.Column("decision", JSONB()),
        _text("reviewed_by"),
        _number("message_id"),
        sa.PrimaryKeyConstraint("id", name="receipts_pkey"),
    )
    op.create_index("receipts_party", "receipts", ["party", "id"])
    op.create_index("receipts_submitted", "receipts", ["submitted_at"])
    op.create_index("receipts_review", "receipts", ["id"], postgresql_where=sa.text("state = 'review'"))
    op.create_index("receipts_bought", "receipts", ["bought_on", "total_minor"])
    op.create_index(
        "receipts_pictures", "receipts", ["submitted_at"], postgresql_where=sa.text("picture_key IS NOT NULL")
    )
    op.create_table(
        "receipt_claims",
        _text("kind", nullable=False),
        _text("key", nullable=False),
        _number("receipt_id", nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name="receipt_claims_receipt_id_fkey"),
        sa.PrimaryKeyConstraint("kind", "key", name="receipt_claims_pkey"),
    )
    op.create_index("receipt_claims_receipt_id_idx", "receipt_claims", ["receipt_id"])
    op.create_table(
        "receipt_reminders",
        _number("user_id", nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="receipt_reminders_pkey"),
    )


def downgrade() -> None:
    for table in ("receipt_reminders", "receipt_claims", "receipts", "user_phones"):
        op.drop_table(table)
