"""Which days of a subscription each order has brought. Pure: the journal in, stretches of time out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the journal: `ended_at` is the end before it, `ends_at` the end after it, `taken` how much of the
    invoice's time a refund took away."""

    kind: str
    at: datetime
    invoice_id: int | None
    ended_at: datetime | None
    ends_at: datetime
    taken: timedelta = NOTHING


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time that one order pays for, from `begins` to `ends`; `taken` of it has gone with refunds."""

    invoice_id: int
    begins: datetime
    ends: datetime
    taken: timedelta = NOTHING


def stretches(changes: Iterable[Change]) -> list[Stretch]:
    """In order. Where a refund took an order's time away, what came after it has moved up."""
    found: list[Stretch] = []
    for change in changes:
        if change.invoice_id is None:
            continue
        if change.kind == "shortened":
            found = _cut(found, change.invoice_id, change.taken)
        else:
            begins = max(change.at, change.ended_at) if change.ended_at else change.at
            found.append(Stretch(change.invoice_id, begins, change.ends_at))
    return found


def removable(found: Iterable[Stretch], invoice_id: int, now: datetime) -> timedelta:
    """What is left of an order's time: nobody gives back days that are over."""
    for one in found:
        if one.invoice_id == invoice_id:
            return max(NOTHING, one.ends - max(one.begins, now))
    return NOTHING


def share(found: Iterable[Stretch], invoice_id: int, now: datetime, minor: int, of_minor: int) -> timedelta:
    """The time to take for `minor` of the `of_minor` that the order cost: that part of its whole time, rounded down to
    seconds, but no more than what is left of it. All of the money takes all that is left."""
    left = removable(found, invoice_id, now)
    if minor >= of_minor:
        return left
    for one in found:
        if one.invoice_id == invoice_id:
            whole = int((one.ends - one.begins + one.taken).total_seconds())
            return min(left, timedelta(seconds=whole * minor // of_minor))
    return NOTHING


def _cut(found: list[Stretch], invoice_id: int, taken: timedelta) -> list[Stretch]:
    result, moved = [], NOTHING
    for one in found:
        if one.invoice_id == invoice_id:
            result.append(Stretch(one.invoice_id, one.begins - moved, one.ends - moved - taken, one.taken + taken))
            moved += taken
        else:
            result.append(Stretch(one.invoice_id, one.begins - moved, one.ends - moved, one.taken))
    return result
