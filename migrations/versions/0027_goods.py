"""Goods: what tariffs deliver, and how"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "goods",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", JSONB(), nullable=False),
        sa.Column("options", JSONB(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="goods_pkey"),
    )
    op.add_column("tariffs", sa.Column("traffic_reset", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("tariffs", "traffic_reset")
    op.drop_table("goods")
