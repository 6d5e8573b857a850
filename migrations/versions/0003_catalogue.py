"""The catalogue"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "tariffs",
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("name", postgresql.JSONB(), nullable=False),
        sa.Column("description", postgresql.JSONB(), nullable=False),
        sa.Column("features", postgresql.JSONB(), nullable=False),
        sa.Column("prices", postgresql.JSONB(), nullable=False),
        sa.Column("period", postgresql.JSONB(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("subscription_fee", sa.BigInteger(), nullable=False),
        sa.Column("minimum_payments", postgresql.JSONB(), nullable=False),
        sa.Column("traffic_bytes", sa.BigInteger(), nullable=True),
        sa.Column("devices", sa.BigInteger(), nullable=True),
        sa.Column("speed_mbps", sa.BigInteger(), nullable=True),
        sa.Column("locations", postgresql.JSONB(), nullable=False),
        sa.Column("access", postgresql.JSONB(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("slug", name="tariffs_pkey"),
    )


def downgrade() -> None:
    op.drop_table("tariffs")
