"""What a code is, and how it is recognised in what people type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.money import Money
from services.promotions.errors import PromoUnknown
from services.promotions.models import PromoCodeRow, PromoUseRow

Kind = Literal["percent", "fixed", "bonus_tokens", "free_days", "trial"]
KINDS: tuple[Kind, ...] = ("percent", "fixed", "bonus_tokens", "free_days", "trial")
GIFTS: tuple[Kind, ...] = ("bonus_tokens", "free_days")  # what may also come on top of a purchase
WRITTEN = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,31}", re.ASCII)

# Codes are Latin, so that they fit into a link. On a Cyrillic keyboard people type the letter that looks the same.
LOOK_ALIKE = str.maketrans("АВЕКМНОРСТУХІЈЅ‐‑‒–—−", "ABEKMHOPCTYXIJS------")


@dataclass(frozen=True, slots=True)
class PromoCode:
    """`value` is the percent, the tokens or the days; `amounts` (fixed) and `minimum` are by currency; `trial` is a
    tariff. `tariffs` are slugs, none meaning any; `audience` is all, new or existing. Good in [valid_from,
    valid_until). None for `total` or `per_person` means any number."""

    code: str
    kind: Kind
    value: int
    amounts: Mapping[str, Money]
    trial: str | None
    total: int | None
    per_person: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    tariffs: tuple[str, ...]
    audience: str
    minimum: Mapping[str, Money]
    needs_purchase: bool
    active: bool


def normal(text: str) -> str | None:
    """A code as it is stored, from how people write it: in any case, with spaces, with letters that only look Latin.
    None when it cannot be a code."""
    if len(text) > 100:
        return None
    whole = "".join(unicodedata.normalize("NFKC", text).upper().split()).translate(LOOK_ALIKE)
    return whole if WRITTEN.fullmatch(whole) else None


def find(tx: Session, text: str, *, lock: bool = False) -> PromoCode:
    """`lock`: nobody else counts this code's uses meanwhile. Raises PromoUnknown."""
    code = normal(text)
    row = None
    if code is not None:
        wanted = select(PromoCodeRow).where(PromoCodeRow.code == code).execution_options(populate_existing=True)
        row = tx.scalar(wanted.with_for_update(key_share=True) if lock else wanted)
    if row is None:
        raise PromoUnknown("no such promo code")
    return read(row)


def code_of_invoice(tx: Session, invoice_id: int) -> PromoCode | None:
    """The code with which it was opened."""
    used = select(PromoCodeRow).join(PromoUseRow, PromoUseRow.code == PromoCodeRow.code)
    row = tx.scalar(used.where(PromoUseRow.invoice_id == invoice_id))
    return read(row) if row is not None else None


def read(row: PromoCodeRow) -> PromoCode:
    return PromoCode(
        code=row.code,
        kind=cast(Kind, row.kind),
        value=row.value,
        amounts={currency: Money(minor, currency) for currency, minor in row.amounts.items()},
        trial=row.trial,
        total=row.total,
        per_person=row.per_person,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        tariffs=tuple(row.tariffs),
        audience=row.audience,
        minimum={currency: Money(minor, currency) for currency, minor in row.minimum.items()},
        needs_purchase=row.needs_purchase,
        active=row.active,
    )
