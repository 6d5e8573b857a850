"""What people write about a receipt: shop, date, total, each on a line of its own."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from typing import Literal

from services import receipts

Fault = Literal["lines", "shop", "day", "future", "total"]
DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})(?:[./-](\d{2}|\d{4}))?(?:,?\s+(\d{1,2}):(\d{2}))?")
ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2}):(\d{2}))?")
TOTAL = re.compile(r"[0-9][0-9 \u00a0\u202f]{0,9}([.,][0-9]{1,2})?")
CURRENCIES = {"грн": "UAH", "₴": "UAH", "uah": "UAH", "руб": "RUB", "р": "RUB", "₽": "RUB", "rub": "RUB"}
LONGEST_SHOP = 200


class NotUnderstood(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def read_typed(text: str, today: date, currency: str) -> receipts.Facts:
    """`currency` where none is written. A day without a year is the last such day. Raises NotUnderstood."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) != 3:
        raise NotUnderstood("lines")
    shop, day_line, total_line = lines
    if len(shop) > LONGEST_SHOP:
        raise NotUnderstood("shop")
    day, at = _day(day_line, today)
    if day > today:
        raise NotUnderstood("future")
    total, written = _total(total_line)
    return receipts.Facts(merchant=shop, date=day, time=at, total=total, currency=written or currency)


def _day(line: str, today: date) -> tuple[date, time | None]:
    try:
        if found := ISO.fullmatch(line):
            year, month, day, hour, minute = found.groups()
            return date(int(year), int(month), int(day)), _time(hour, minute)
        if found := DAY.fullmatch(line):
            day, month, year, hour, minute = found.groups()
            if year is None:
                this = date(today.year, int(month), int(day))
                return (this if this <= today else this.replace(year=today.year - 1)), _time(hour, minute)
            return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day)), _time(hour, minute)
    except ValueError:
        pass
    raise NotUnderstood("day")


def _time(hour: str | None, minute: str | None) -> time | None:
    return time(int(hour), int(minute)) if hour and minute else None


def _total(line: str) -> tuple[Decimal, str | None]:
    bare = line.casefold().rstrip(". ")
    currency = next((code for word, code in CURRENCIES.items() if bare.endswith(word)), None)
    number = bare.rstrip("".join(CURRENCIES) + ". ").strip()
    if not TOTAL.fullmatch(number):
        raise NotUnderstood("total")
    total = Decimal(re.sub(r"[ \u00a0\u202f]", "", number).replace(",", "."))
    if not total:
        raise NotUnderstood("total")
    return total, currency
