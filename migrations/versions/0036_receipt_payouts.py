"""Payouts: what a receipt has earned, paid once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "receipt_payouts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("contradiction", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("counted_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="receipt_payouts_pkey"),
        sa.UniqueConstraint("receipt_id", name="receipt_payouts_receipt_id_key"),
    )
    op.create_index(
        "receipt_payouts_open",
        "receipt_payouts",
        ["state", "id"],
        postgresql_where=sa.text("state NOT IN ('succeeded', 'canceled')"),
    )
    op.create_index("receipt_payouts_party", "receipt_payouts", ["party", "id"])
    op.create_index("receipt_payouts_day", "receipt_payouts", ["counted_on"])
    op.create_index("receipt_payouts_external", "receipt_payouts", ["provider", "external_id"])


def downgrade() -> None:
    op.drop_table("receipt_payouts")
