"""Money is an integer of minor units and a currency; never a float, never a bare number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from services.platform.errors import Invalid

# Digits after the point. XTR is Telegram Stars; TOKEN and BONUS are the house's own.
EXPONENTS = {"RUB": 2, "UAH": 2, "USD": 2, "EUR": 2, "XTR": 0, "TOKEN": 0, "BONUS": 0}
WRITTEN = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,4})?")
LIMIT = 10**13  # minor units: above every real price, far below BIGINT


class BadAmount(Invalid):
    code: ClassVar[str] = "bad_amount"


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`minor` is whole kopecks, cents, Stars or tokens of `currency`."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise BadAmount(f"unknown currency {self.currency!r}")
        if type(self.minor) is not int or abs(self.minor) >= LIMIT:
            raise BadAmount("an amount is a whole number of minor units below 10^13")

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Reads "299", "299.5" or "299.50" exactly. Raises BadAmount for anything else, also for a third digit."""
        if not isinstance(text, str):
            raise BadAmount("an amount is text, not a number")
        if currency not in EXPONENTS:
            raise BadAmount(f"unknown currency {currency!r}")
        if not WRITTEN.fullmatch(text):
            raise BadAmount("not an amount")
        scaled = Decimal(text).scaleb(EXPONENTS[currency])
        if scaled != scaled.to_integral_value():
            raise BadAmount(f"{currency} has {EXPONENTS[currency]} digits after the point")
        return cls(int(scaled), currency)

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-EXPONENTS[self.currency])

    def __str__(self) -> str:
        """The exact wire form: "299.00" for RUB, "150" for Stars."""
        return f"{self.decimal:.{EXPONENTS[self.currency]}f}"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise BadAmount(f"{self.currency} and {other.currency} do not mix")
        return other.minor
