"""Licence keys of pools, and which invoice a sold-out grant was paid by"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "licence_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=True),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("revoked_why", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grants.id"], name="licence_keys_grant_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="licence_keys_pkey"),
        sa.UniqueConstraint("fingerprint", name="licence_keys_fingerprint_key"),
    )
    for name, columns, where, unique in (
        ("licence_keys_free", ["pool", "id"], "state = 'free'", False),
        ("licence_keys_taken", ["grant_id"], "state = 'taken'", True),
        ("licence_keys_grant", ["grant_id"], "grant_id IS NOT NULL", False),
    ):
        op.create_index(name, "licence_keys", columns, unique=unique, postgresql_where=sa.text(where))
    op.add_column("access_grants", sa.Column("sold_out_invoice_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("access_grants", "sold_out_invoice_id")
    op.drop_table("licence_keys")
