"""Sums of money in a line of text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

SUM = re.compile(
    r"(?<![0-9.,/:])([0-9]{1,3}(?:[ '.,\u00a0\u2019][0-9]{3})+|[0-9]{1,6})\s?[.,]\s?([0-9]{2})"
    r"(?![0-9]|\s?[.,][0-9]|\s?%|[/:-][0-9])"
)
LARGEST = Decimal(10_000_000)


@dataclass(frozen=True, slots=True)
class Amount:
    """`start` and `end` are places in the line; `is_minus` where a minus stands at it. `short` is the other way to read
    "10 664.56": 664.56, where the gap parts columns, not thousands."""

    value: Decimal
    start: int
    end: int
    is_minus: bool = False
    short: Decimal | None = None

    def at_most(self, limit: Decimal | None) -> Decimal:
        """The value, or the other way to read it where the value is above the limit."""
        too_much = limit is not None and self.value > limit and self.short is not None
        return self.short if too_much and self.short else self.value


def amounts(line: str) -> list[Amount]:
    """From left to right. A number is one only with two digits after its point or comma; percents, dates and longer
    fractions are none."""
    found = []
    for match in SUM.finditer(line):
        start, value = match.start(), _decimal(match[1], match[2])
        head, gap, tail = match[1].rpartition(" ")
        short = _decimal(tail, match[2]) if gap and not tail.startswith("0") else None
        if short is not None and re.search(r"[^\W\d_]$|[№#]$", line[:start]):
            start, value, short = start + len(head) + 1, short, None  # "№10 664.56": what clings to a word is no money
        before, after = line[:start].rstrip("₴€$₽ RMrm"), line[match.end() :]
        minus = (before[-1:] in "-—–−~" and before[-1:] != "") or bool(re.match(r"\s?[-−](?!\s?[0-9])", after))
        if value < LARGEST:
            found.append(Amount(value, start, match.end(), minus, short))
    return found


def _decimal(whole: str, cents: str) -> Decimal:
    return Decimal(re.sub(r"[^0-9]", "", whole) + "." + cents)


LOOSE = re.compile(r"(?<![0-9.,/:%])([0-9]{1,5})[ '·:;_-]{0,2}([0-9]{2})(?![0-9.,/:%])")


def loose(line: str) -> list[Decimal]:
    """What a line whose point was lost may say: "23 84" and "2384" are 23.84. For lines that must name a sum."""
    return [_decimal(match[1], match[2]) for match in LOOSE.finditer(line) if not match[1].startswith("00")]
