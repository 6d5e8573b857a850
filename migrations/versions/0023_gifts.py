"""Gifts: bought by one person, claimed by another"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "gifts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("buyer", sa.String(), nullable=False),
        sa.Column("quote", postgresql.JSONB(), nullable=False),
        sa.Column("code_index", sa.String(), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="gifts_pkey"),
        sa.UniqueConstraint("invoice_id", name="gifts_invoice_id_key"),
        sa.UniqueConstraint("code_index", name="gifts_code_index_key"),
    )
    op.create_index("gifts_buyer", "gifts", ["buyer", "id"])
    op.create_index("gifts_claimed_by", "gifts", ["claimed_by"])
    op.create_index("gifts_due", "gifts", ["expires_at"], postgresql_where=sa.text("state = 'waiting'"))


def downgrade() -> None:
    op.drop_table("gifts")
