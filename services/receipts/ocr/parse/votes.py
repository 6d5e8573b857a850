"""What several looks say together."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from services.receipts.ocr.base import Look
from services.receipts.ocr.parse.dates import moments

ENCODED = 4.0  # weight of a date that stands within a long number, too
LONG = re.compile(r"[0-9]{10,}")
GAP = re.compile(r"(?<=[0-9]) (?=[0-9])")  # where an engine breaks a long number
TRUST = {"soft": 0.6, "rough": 0.6}
CODES = ("%d%m%y", "%y%m%d", "%Y%m%d", "%d%m%Y")  # as tills put dates into their numbers


@dataclass(frozen=True, slots=True)
class Day:
    """`looks` have it as the likeliest, `against` have another one; `repeated` where one look has it twice, or within
    a longer number."""

    date: date | None = None
    time: time | None = None
    looks: int = 0
    against: int = 0
    repeated: bool = False


def distinct(looks: Sequence[Look]) -> list[Look]:
    """Without looks that have every word where an earlier one has it: two preparations that came to the same picture,
    of which the second confirms nothing."""
    kept: list[Look] = []
    for look in looks:
        if not (look.words and any(look.words == other.words for other in kept)):
            kept.append(look)
    return kept


def trust(look: Look) -> float:
    """How much its word counts for totals and dates. Measured: soft light keeps small type and spoils large."""
    return TRUST.get(look.name, 1.0)


def day_of(looks: Sequence[tuple[tuple[str, ...], float]], today: date) -> Day:
    """The purchase's day, by weight; the time that most looks have beside it. Each look is its lines and its trust."""
    days: dict[date, float] = defaultdict(float)
    clocks: dict[date, Counter[time]] = defaultdict(Counter)
    best: list[date] = []
    mended: list[date] = []
    repeated: set[date] = set()
    for lines, word in looks:
        own: dict[date, float] = {}
        is_mended = False
        for found in moments(lines, today):
            repeated |= {found.date} if found.date in own else set()
            own[found.date] = max(own.get(found.date, 0.0), found.weight)
            is_mended = is_mended or found.is_mended
            if found.time:
                clocks[found.date][found.time] += 1
        for day, weight in own.items():
            days[day] += weight * word
        if own:
            (mended if is_mended else best).append(max(own, key=lambda day: own[day]))
    if not days:
        return Day()
    best += [one for one in mended if one in best]  # alone it confirms nothing
    joined = (GAP.sub("", line) for lines, _ in looks for line in lines)
    numbers = "\n".join(number for line in joined for number in LONG.findall(line))
    for day in days:
        if any(day.strftime(code) in numbers for code in CODES):
            repeated.add(day)
            days[day] += ENCODED
    day = max(days, key=lambda one: days[one])
    clock = clocks[day].most_common(1)[0][0] if clocks[day] else None
    return Day(day, clock, best.count(day), len(best) - best.count(day), day in repeated and bool(best))
