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
    """`start` and `end` are places in the line; `is_minus` where a minus stands at it."""

    value: Decimal
    start: int
    end: int
    is_minus: bool = False


def amounts(line: str) -> list[Amount]:
    """From left to right. A number is one only with two digits after its point or comma; percents, dates and longer
    fractions are none."""
    found = []
    for match in SUM.finditer(line):
        value = Decimal(re.sub(r"[^0-9]", "", match[1]) + "." + match[2])
        before, after = line[: match.start()].rstrip("₴€$₽ RMrm"), line[match.end() :]
        minus = (before[-1:] in "-—–−~" and before[-1:] != "") or bool(re.match(r"\s?[-−](?!\s?[0-9])", after))
        if value < LARGEST:
            found.append(Amount(value, match.start(), match.end(), minus))
    return found


def last(line: str) -> Decimal | None:
    found = amounts(line)
    return found[-1].value if found else None
