"""Campaigns: named start parameters with their cost"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parameter", sa.String(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="campaigns_pkey"),
        sa.UniqueConstraint("name", name="campaigns_name_key"),
        sa.UniqueConstraint("parameter", name="campaigns_parameter_key"),
    )
    op.create_index(
        "users_start_parameter_idx",
        "users",
        ["start_parameter", "id"],
        postgresql_where=sa.text("start_parameter IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("users_start_parameter_idx", "users")
    op.drop_table("campaigns")
