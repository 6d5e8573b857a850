"""What other sides said of access, each thing once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_table(
        "access_hints",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("repaired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grants.id"], name="access_hints_grant_id_fkey"),
        sa.PrimaryKeyConstraint("digest", name="access_hints_pkey"),
    )
    op.create_index("access_hints_grant", "access_hints", ["grant_id", "repaired_at"])
    op.create_index("access_hints_age", "access_hints", ["received_at"])


def downgrade() -> None:
    op.drop_table("access_hints")
