"""Answers to calls of the HTTP API that may be repeated"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "api_idempotency",
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("working_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("body", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", "key", name="api_idempotency_pkey"),
    )
    op.create_index("api_idempotency_age", "api_idempotency", ["begun_at"])


def downgrade() -> None:
    op.drop_table("api_idempotency")
