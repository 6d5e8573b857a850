from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class PromoCodeRow(Base):
    """Nothing but `active` changes. `value` is the percent, the tokens or the days; `amounts` (fixed) and `minimum` are
    minor units by currency; `trial` is a tariff. None for `total` or `per_person` means any number."""

    __tablename__ = "promo_codes"
    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    value: Mapped[int]
    amounts: Mapped[dict[str, Any]]
    trial: Mapped[str | None]
    total: Mapped[int | None]
    per_person: Mapped[int | None]
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    tariffs: Mapped[list[Any]] = mapped_column(JSONB)
    audience: Mapped[str]
    minimum: Mapped[dict[str, Any]]
    needs_purchase: Mapped[bool]
    active: Mapped[bool]
    created_at: Mapped[datetime]


class PromoUseRow(Base):
    """`state`: reserved (by an open invoice, until `reserved_until`), used, released (another order took it over).
    Without an invoice it was used at once."""

    __tablename__ = "promo_uses"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey(PromoCodeRow.code))
    party: Mapped[str]
    invoice_id: Mapped[int | None] = mapped_column(unique=True)
    state: Mapped[str]
    reserved_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    __table_args__ = (
        Index("promo_uses_taken", "code", "state", postgresql_where=text("state <> 'released'")),
        Index("promo_uses_party", "party", "code"),
    )


class PromoPendingRow(Base):
    """The code somebody has typed, for what they buy next."""

    __tablename__ = "promo_pending"
    party: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey(PromoCodeRow.code))
    typed_at: Mapped[datetime]


class PromoGuessRow(Base):
    """A code somebody typed that does not exist. What was typed is not kept."""

    __tablename__ = "promo_guesses"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    party: Mapped[str]
    at: Mapped[datetime]
    __table_args__ = (Index("promo_guesses_party", "party", "at"),)
