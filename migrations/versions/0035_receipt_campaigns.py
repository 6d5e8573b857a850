"""Campaigns of receipts: their rules by version, what they have spent, whose uses count"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0035"
down_revision = "0034"


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "receipt_campaigns",
        _text("slug"),
        _number("version"),
        _text("state"),
        _time("starts_at"),
        _time("ends_at"),
        _text("currency"),
        _number("budget_minor"),
        _number("spent_minor"),
        _time("updated_at"),
        sa.CheckConstraint("spent_minor >= 0 AND spent_minor <= budget_minor", name="receipt_campaigns_within_budget"),
        sa.PrimaryKeyConstraint("slug", name="receipt_campaigns_pkey"),
    )
    op.create_table(
        "receipt_campaign_versions",
        _text("slug"),
        _number("version"),
        sa.Column("rules", JSONB(), nullable=False),
        _text("actor"),
        _time("imported_at"),
        sa.ForeignKeyConstraint(["slug"], ["receipt_campaigns.slug"], name="receipt_campaign_versions_slug_fkey"),
        sa.PrimaryKeyConstraint("slug", "version", name="receipt_campaign_versions_pkey"),
    )
    op.create_table(
        "receipt_campaign_payees",
        _text("campaign"),
        _text("payee"),
        sa.ForeignKeyConstraint(["campaign"], ["receipt_campaigns.slug"], name="receipt_campaign_payees_campaign_fkey"),
        sa.PrimaryKeyConstraint("campaign", "payee", name="receipt_campaign_payees_pkey"),
    )
    op.create_table(
        "receipt_takes",
        _number("receipt_id"),
        _text("currency"),
        sa.Column("parts", JSONB(), nullable=False),
        _time("taken_at"),
        _time("given_back_at", nullable=True),
        sa.PrimaryKeyConstraint("receipt_id", name="receipt_takes_pkey"),
    )
    op.create_table(
        "receipt_take_shares",
        _text("campaign"),
        _text("payee"),
        _number("receipt_id"),
        _number("minor"),
        _time("at"),
        sa.ForeignKeyConstraint(
            ["campaign", "payee"],
            ["receipt_campaign_payees.campaign", "receipt_campaign_payees.payee"],
            name="receipt_take_shares_payee_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["receipt_takes.receipt_id"], name="receipt_take_shares_receipt_id_fkey"
        ),
        sa.PrimaryKeyConstraint("campaign", "payee", "receipt_id", name="receipt_take_shares_pkey"),
    )
    op.create_index("receipt_take_shares_receipt_id_idx", "receipt_take_shares", ["receipt_id"])


def downgrade() -> None:
    for table in (
        "receipt_take_shares",
        "receipt_takes",
        "receipt_campaign_payees",
        "receipt_campaign_versions",
        "receipt_campaigns",
    ):
        op.drop_table(table)
