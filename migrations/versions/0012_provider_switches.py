"""Providers that an operator has switched off"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "provider_switches",
        _text("provider"),
        sa.Column("offered", sa.Boolean(), nullable=False),
        _text("reason"),
        _time("changed_at"),
        sa.PrimaryKeyConstraint("provider", name="provider_switches_pkey"),
    )


def downgrade() -> None:
    op.drop_table("provider_switches")
