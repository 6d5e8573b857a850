"""Access equal to what was paid: what was repaired, which places are in trouble, what was said of failures"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0033"
down_revision = "0032"

MOMENT = sa.DateTime(timezone=True)
ADDED = ("hinted_at", "gone_at", "failed_at", "alerted_at", "removed_at")


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, MOMENT, nullable=nullable)


def upgrade() -> None:
    for name in ADDED:
        op.add_column("access_grants", _time(name, nullable=True))
    op.create_index(
        "access_grants_unapplied", "access_grants", ["id"], postgresql_where=sa.text("applied_revision < revision")
    )
    op.create_index("access_grants_ended", "access_grants", ["ends_at"], postgresql_where=sa.text("wanted = 'ended'"))
    op.create_table(
        "access_repairs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        _text("kind"),
        _text("place", nullable=True),
        _time("at"),
        _text("what"),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("after", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grants.id"], name="access_repairs_grant_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="access_repairs_pkey"),
    )
    op.create_index("access_repairs_grant", "access_repairs", ["grant_id", "at"])
    op.create_index("access_repairs_place", "access_repairs", ["kind", "place", "at"])
    op.create_table(
        "access_places",
        _text("kind"),
        _text("place"),
        _text("trouble"),
        _text("says"),
        _time("since"),
        sa.Column("times", sa.BigInteger(), nullable=False),
        _time("told_at", nullable=True),
        sa.PrimaryKeyConstraint("kind", "place", "trouble", name="access_places_pkey"),
    )


def downgrade() -> None:
    op.drop_table("access_places")
    op.drop_table("access_repairs")
    op.drop_index("access_grants_ended", "access_grants")
    op.drop_index("access_grants_unapplied", "access_grants")
    for name in ADDED:
        op.drop_column("access_grants", name)
