"""Promo codes: what they give, who has used them, who has typed them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(), nullable=False)


def _yes(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "promo_codes",
        _text("code"),
        _text("kind"),
        _number("value"),
        _json("amounts"),
        _text("trial", nullable=True),
        _number("total", nullable=True),
        _number("per_person", nullable=True),
        _time("valid_from", nullable=True),
        _time("valid_until", nullable=True),
        _json("tariffs"),
        _text("audience"),
        _json("minimum"),
        _yes("needs_purchase"),
        _yes("active"),
        _time("created_at"),
        sa.PrimaryKeyConstraint("code", name="promo_codes_pkey"),
    )
    op.create_table(
        "promo_uses",
        _id(),
        _text("code"),
        _text("party"),
        _number("invoice_id", nullable=True),
        _text("state"),
        _time("reserved_until", nullable=True),
        _time("created_at"),
        _time("used_at", nullable=True),
        sa.ForeignKeyConstraint(["code"], ["promo_codes.code"], name="promo_uses_code_fkey"),
        sa.PrimaryKeyConstraint("id", name="promo_uses_pkey"),
        sa.UniqueConstraint("invoice_id", name="promo_uses_invoice_id_key"),
    )
    op.create_index(
        "promo_uses_taken", "promo_uses", ["code", "state"], postgresql_where=sa.text("state <> 'released'")
    )
    op.create_index("promo_uses_party", "promo_uses", ["party", "code"])
    op.create_table(
        "promo_pending",
        _text("party"),
        _text("code"),
        _time("typed_at"),
        sa.ForeignKeyConstraint(["code"], ["promo_codes.code"], name="promo_pending_code_fkey"),
        sa.PrimaryKeyConstraint("party", name="promo_pending_pkey"),
    )
    op.create_table(
        "promo_guesses",
        _id(),
        _text("party"),
        _time("at"),
        sa.PrimaryKeyConstraint("id", name="promo_guesses_pkey"),
    )
    op.create_index("promo_guesses_party", "promo_guesses", ["party", "at"])


def downgrade() -> None:
    for table in ("promo_guesses", "promo_pending", "promo_uses", "promo_codes"):
        op.drop_table(table)
