"""What people are asked to write about receipts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.create_table(
        "receipt_questions",
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("party", name="receipt_questions_pkey"),
    )


def downgrade() -> None:
    op.drop_table("receipt_questions")
