"""A table of an operator's file, read field by field: every fault is noted with its path, none stops the reading."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from services.platform.i18n import LANGUAGES
from services.platform.money import BadAmount, Money

MOST = 10**11  # minor units: a thousand million of any currency
WHOLE = 10**6
PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")


class Section:
    """`path` names it in faults. What is not asked for is not known: `close` says so."""

    def __init__(self, given: dict[str, Any], path: str, faults: list[str]) -> None:
        self.given, self.path, self.faults = given, path, faults
        self._asked: set[str] = set()

    def fault(self, name: str, problem: str) -> None:
        self.faults.append(f"{self.path}: {name} {problem}")

    def close(self) -> None:
        for name in sorted(set(self.given) - self._asked):
            self.fault(name[:60], "is not known")

    def value(self, name: str, default: object = None) -> Any:
        self._asked.add(name)
        return self.given.get(name, default)

    def text(self, name: str, longest: int, pattern: str | None = None, what: str = "") -> str:
        given = self.value(name)
        if not isinstance(given, str) or not given.strip() or len(given) > longest:
            self.fault(name, what or f"must be a text of at most {longest} characters")
            return ""
        if pattern and not re.fullmatch(pattern, given):
            self.fault(name, what)
            return ""
        return given

    def texts(self, name: str, longest: int) -> dict[str, str]:
        """By language."""
        given = self.value(name)
        fit = isinstance(given, dict) and given and all(isinstance(one, str) and one.strip() for one in given.values())
        if not fit or not set(given) <= set(LANGUAGES) or any(len(one) > longest for one in given.values()):
            languages = ", ".join(f'{code} = "..."' for code in LANGUAGES)
            self.fault(name, f"must be texts of at most {longest} characters by language: {{{languages}}}")
            return {}
        return dict(given)

    def words(self, name: str, pattern: str, what: str, most: int = 100) -> list[str]:
        given = self.value(name, [])
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            self.fault(name, f"must be a list of {what}")
            return []
        for number, one in enumerate(given):
            if not re.fullmatch(pattern, one):
                self.fault(f"{name}[{number}]", f"must be {what}")
        if len(given) > most:
            self.fault(name, f"may have {most}")
        if len(set(given)) < len(given):
            self.fault(name, "names something twice")
        return given

    def choice(self, name: str, of: Collection[str], default: str | None = None) -> str:
        given = self.value(name, default)
        if not isinstance(given, str) or given not in of:
            self.fault(name, f"must be one of {', '.join(of)}")
            return default or next(iter(of))
        return given

    def whole(self, name: str, default: int | None, least: int = 0, most: int = WHOLE) -> int | None:
        given = self.value(name, default)
        if name not in self.given:
            return default
        if type(given) is not int or not least <= given <= most:
            self.fault(name, f"must be a whole number from {least} to {most}")
            return default
        return int(given)

    def flag(self, name: str, *, default: bool) -> bool:
        given = self.value(name, default)
        if not isinstance(given, bool):
            self.fault(name, "must be true or false")
            return default
        return given

    def amount(self, name: str, currency: str, default: int | None = 0, *, must: bool = False) -> int | None:
        """Minor units above zero; `default` where it is left out."""
        given = self.value(name)
        if given is None and not must:
            return default
        try:
            amount = Money.parse(given, currency)
        except BadAmount as error:
            self.fault(name, f'must be an amount in quotes such as "100.00": {error}')
            return default
        if not 0 < amount.minor <= MOST:
            self.fault(name, f"must be above zero, and at most {Money(MOST, currency)}")
            return default
        return amount.minor

    def percent(self, name: str) -> int:
        """Hundredths of a percent."""
        given = self.value(name)
        if isinstance(given, str) and PERCENT.fullmatch(given) and 0 < Decimal(given) <= 100:
            return int(Decimal(given) * 100)
        self.fault(name, 'must be a percentage in quotes such as "5" or "2.5", above 0 and up to 100')
        return 0

    def share(self, name: str, default: str, least: str) -> str:
        """A number from `least` to 1."""
        given = self.value(name, Decimal(default))
        number = Decimal(given) if type(given) in (int, Decimal) else Decimal("NaN")
        if not number.is_finite() or not Decimal(least) <= number <= 1:
            self.fault(name, f"must be a number from {least} to 1")
            return default
        return str(number.normalize())

    def moment(self, name: str, zone: ZoneInfo | None) -> datetime:
        """Aware. One that is written without an offset is in `zone`."""
        given = self.value(name)
        if not isinstance(given, datetime) or not 2000 <= given.year <= 2200:
            self.fault(name, "must be a moment such as 2026-12-01T00:00:00, without quotes")
        elif given.tzinfo is None and zone is None:
            self.fault(name, "has no offset: add one, or time_zone")
        else:
            return (given if given.tzinfo else given.replace(tzinfo=zone)).astimezone(UTC)
        return datetime(2000, 1, 1, tzinfo=UTC)

    def part(self, name: str, *, must: bool = False) -> Section:
        given = self.value(name, None if must else {})
        if not isinstance(given, dict):
            self.fault(name, "must be a table")
            return Section({}, f"{self.path}: {name}", [])  # one fault is enough
        return Section(given, f"{self.path}: {name}", self.faults)

    def parts(self, name: str, most: int) -> list[Section]:
        given = self.value(name, [])
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            self.fault(name, "must be a list of tables")
            return []
        if len(given) > most:
            self.fault(name, f"may have {most}")
        return [Section(one, f"{self.path}: {name}[{number}]", self.faults) for number, one in enumerate(given)]
