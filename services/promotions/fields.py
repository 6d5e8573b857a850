"""A code's fields as text, on their way to a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from services import catalog
from services.platform.money import BadAmount, Money
from services.promotions.codes import KINDS, normal
from services.promotions.models import PromoCodeRow

FIELDS = (
    *("code", "kind", "value", "total", "per_person", "valid_from", "valid_until"),
    *("tariffs", "audience", "minimum", "needs_purchase", "active"),
)
AUDIENCES = ("all", "new", "existing")
WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
MOST = {"percent": 100, "bonus_tokens": 10**9, "free_days": 3650}
AMOUNT = re.compile(r"(?P<value>[0-9.]+) (?P<currency>[A-Z]{3})")


def parse(tx: Session, given: Mapping[str, str], now: datetime) -> tuple[PromoCodeRow | None, list[str]]:
    """The row, not added yet; or none, and every fault."""
    form = _Form(tx, {name: (text or "").strip() for name, text in given.items()}, now)
    row = form.row()
    return (None, form.faults) if form.faults else (row, [])


class _Form:
    def __init__(self, tx: Session, given: Mapping[str, str], now: datetime) -> None:
        self.faults = [f"unknown field {name!r}" for name in given if name not in FIELDS]
        self._tx, self._given, self._now = tx, given, now
        self._kind = given.get("kind", "")

    def row(self) -> PromoCodeRow:
        if self._kind not in KINDS:
            self._fault("kind", f"must be one of {', '.join(KINDS)}")
        needs_purchase = self._yes("needs_purchase", default=self._kind in ("percent", "fixed"))
        if needs_purchase and self._kind == "trial":
            self._fault("needs_purchase", "must be no: a trial is not bought")
        if not needs_purchase and self._kind in ("percent", "fixed"):
            self._fault("needs_purchase", "must be yes: there is nothing else to take it off")
        since, until = self._moment("valid_from"), self._moment("valid_until")
        if since and until and until <= since:
            self._fault("valid_until", "must be after valid_from")
        row = PromoCodeRow(
            code=self._code(),
            kind=self._kind,
            value=self._value(),
            amounts=self._amounts("value") if self._kind == "fixed" else {},
            trial=self._trial() if self._kind == "trial" else None,
            total=self._limit("total", default=None),
            per_person=self._limit("per_person", default=1),
            valid_from=since,
            valid_until=until,
            tariffs=self._tariffs(),
            audience=self._audience(),
            minimum=self._amounts("minimum") if self._given.get("minimum") else {},
            needs_purchase=needs_purchase,
            active=self._yes("active", default=True),
            created_at=self._now,
        )
        self._check_together(row)
        return row

    def _check_together(self, row: PromoCodeRow) -> None:
        """What only a purchase has."""
        if row.needs_purchase:
            return
        if row.minimum:
            self._fault("minimum", "says nothing without a purchase")
        if row.tariffs and row.kind != "free_days":
            self._fault("tariffs", "say nothing without a purchase")

    def _fault(self, name: str, problem: str) -> None:
        self.faults.append(f"{name} {problem}")

    def _code(self) -> str:
        code = normal(self._given.get("code", ""))
        if code is None:
            self._fault("code", "must be 3 to 32 of A-Z, 0-9, - and _, beginning with a letter or a digit")
        elif self._tx.get(PromoCodeRow, code) is not None:
            self._fault("code", f"{code} exists already")
        return code or ""

    def _value(self) -> int:
        if self._kind not in MOST:
            return 0
        text, most = self._given.get("value", "").removesuffix("%"), MOST[self._kind]
        if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or not 1 <= int(text) <= most:
            self._fault("value", f"must be a whole number from 1 to {most}")
            return 0
        return int(text)

    def _amounts(self, name: str) -> dict[str, int]:
        amounts: dict[str, int] = {}
        for one in self._given.get(name, "").split(";"):
            match = AMOUNT.fullmatch(one.strip())
            try:
                amount = Money.parse(match["value"], match["currency"]) if match else None
            except BadAmount:
                amount = None
            if amount is None or amount.minor <= 0 or amount.currency in amounts:
                self._fault(name, 'must be amounts such as "100.00 RUB; 50 XTR", one for each currency')
                return {}
            amounts[amount.currency] = amount.minor
        return amounts

    def _trial(self) -> str | None:
        slug = self._given.get("value", "")
        try:
            offered = catalog.tariff(self._tx, slug)
        except catalog.TariffNotFound:
            offered = None
        if offered is None or offered.audience != "trial":
            self._fault("value", f"must be a tariff whose audience is trial, not {slug[:40]!r}")
        return slug

    def _tariffs(self) -> list[str]:
        slugs = list(dict.fromkeys(self._given.get("tariffs", "").replace(",", " ").split()))
        for slug in slugs:
            try:
                catalog.tariff(self._tx, slug)
            except catalog.TariffNotFound:
                self._fault("tariffs", f"names {slug[:40]!r}, which is not in the catalogue")
        return slugs

    def _audience(self) -> str:
        audience = self._given.get("audience") or "all"
        if audience not in AUDIENCES:
            self._fault("audience", f"must be one of {', '.join(AUDIENCES)}")
        return audience

    def _limit(self, name: str, default: int | None) -> int | None:
        text = self._given.get(name, "")
        if text in ("", "any"):
            return None if text else default
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) < 1:
            self._fault(name, "must be a whole number above zero, or any")
            return default
        return int(text)

    def _moment(self, name: str) -> datetime | None:
        """A date alone is its beginning, in UTC, as is a time without an offset."""
        text = self._given.get(name, "")
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self._fault(name, "must be like 2026-12-01 or 2026-12-01T10:00+03:00")
            return None
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)

    def _yes(self, name: str, *, default: bool) -> bool:
        text = self._given.get(name, "").lower()
        if text and text not in WORDS:
            self._fault(name, "must be yes or no")
        return WORDS.get(text, default)
