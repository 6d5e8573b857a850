"""How an operator makes codes, one by one or from a file: each field is text, every fault is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform import audit
from services.platform.errors import Invalid
from services.platform.money import Money
from services.promotions.codes import PromoCode, find, read
from services.promotions.fields import FIELDS, parse
from services.promotions.models import PromoCodeRow
from services.promotions.uses import counts

__all__ = ["FIELDS", "BadPromo", "Standing", "create", "deactivate", "import_codes", "standing", "standings", "written"]


class BadPromo(Invalid):
    """`faults` lists what is wrong, for operators; nothing was changed."""

    code: ClassVar[str] = "bad_promo"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class Standing:
    """A code, and how often it was used and is reserved now."""

    code: PromoCode
    used: int
    reserved: int


def create(tx: Session, given: Mapping[str, str], *, actor: str, now: datetime) -> PromoCode:
    """`given` is by the names in FIELDS; what is left out has its default. Raises BadPromo."""
    row, faults = parse(tx, given, now)
    if row is None:
        raise BadPromo(faults)
    return _add(tx, row, actor=actor, now=now)


def import_codes(
    tx: Session, lines: Sequence[tuple[int, Mapping[str, str]]], *, actor: str, now: datetime
) -> list[PromoCode]:
    """All of them, or none; each with the number of its line. Raises BadPromo with every fault of every line."""
    rows: dict[str, PromoCodeRow] = {}
    faults = []
    for number, given in lines:
        row, wrong = parse(tx, given, now)
        if row is not None and row.code in rows:
            wrong = [f"code {row.code} stands in the file twice"]
        elif row is not None:
            rows[row.code] = row
        faults += [f"line {number}: {fault}" for fault in wrong]
    if faults:
        raise BadPromo(faults)
    return [_add(tx, row, actor=actor, now=now) for row in rows.values()]


def deactivate(tx: Session, text: str, *, actor: str, now: datetime) -> PromoCode:
    """Nobody can use it from now on; orders that are open keep their price. Raises PromoUnknown."""
    code = find(tx, text, lock=True)
    if code.active:
        tx.get_one(PromoCodeRow, code.code).active = False
        audit.record(tx, actor=actor, action="promo.deactivate", subject=f"promo:{code.code}", now=now)
        tx.flush()
    return find(tx, code.code)


def standing(tx: Session, text: str, now: datetime) -> Standing:
    """Raises PromoUnknown."""
    code = find(tx, text)
    return Standing(code, *counts(tx, code.code, now))


def standings(tx: Session, now: datetime) -> list[Standing]:
    """All codes, in the order of the alphabet."""
    rows = tx.scalars(select(PromoCodeRow).order_by(PromoCodeRow.code)).all()
    return [Standing(read(row), *counts(tx, row.code, now)) for row in rows]


def written(code: PromoCode) -> dict[str, str]:
    """As FIELDS has it: what `import_codes` reads."""
    values = {"fixed": _amounts(code.amounts), "trial": code.trial or ""}
    return {
        "code": code.code,
        "kind": code.kind,
        "value": values.get(code.kind, str(code.value)),
        "total": _limit(code.total),
        "per_person": _limit(code.per_person),
        "valid_from": code.valid_from.isoformat() if code.valid_from else "",
        "valid_until": code.valid_until.isoformat() if code.valid_until else "",
        "tariffs": " ".join(code.tariffs),
        "audience": code.audience,
        "minimum": _amounts(code.minimum),
        "needs_purchase": "yes" if code.needs_purchase else "no",
        "active": "yes" if code.active else "no",
    }


def _add(tx: Session, row: PromoCodeRow, *, actor: str, now: datetime) -> PromoCode:
    tx.add(row)
    tx.flush()
    code = read(row)
    said = {name: value for name, value in written(code).items() if name != "code"}
    audit.record(tx, actor=actor, action="promo.create", subject=f"promo:{code.code}", now=now, **said)
    return code


def _limit(number: int | None) -> str:
    return "any" if number is None else str(number)


def _amounts(amounts: Mapping[str, Money]) -> str:
    return "; ".join(f"{amount} {currency}" for currency, amount in sorted(amounts.items()))
