"""Whose time a subscription runs on. Pure: the journal in, portions of time out.

A subscription is an account of time. Whatever brings time (an order, a trial, a gift, days for a friend) adds a portion
at its end; while it runs, time is taken from the first. A refund takes from the portion of its own order only, a pause
stops the taking, and a change of tariff exchanges what is left of each portion for time of the same value.

At every moment the end of a running subscription is now plus what is left of all portions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.platform.money import Money

NOTHING = timedelta()
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Portion:
    """Time that one `source` ("invoice:7", "gift:3") brought: `whole` of it, worth `value`, of which `left` is left."""

    source: str
    whole: timedelta
    left: timedelta
    value: Money

    def to_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "whole": self.whole // MICROSECOND,
            "left": self.left // MICROSECOND,
            "value": {"minor": self.value.minor, "currency": self.value.currency},
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Portion:
        return cls(body["source"], body["whole"] * MICROSECOND, body["left"] * MICROSECOND, Money(**body["value"]))


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the journal: `ended_at` is the end before it, `ends_at` the end after it, `source` what brought time
    worth `value`, or whose time went away. `portions` is what a change of tariff left behind."""

    kind: str
    at: datetime
    source: str | None
    ended_at: datetime | None
    ends_at: datetime
    value: Money | None = None
    portions: tuple[Portion, ...] | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The portions as of `at`, the first to be used up first."""

    at: datetime
    portions: tuple[Portion, ...] = ()
    runs: bool = True

    @property
    def left(self) -> timedelta:
        return sum((one.left for one in self.portions), NOTHING)

    def portion(self, source: str) -> Portion | None:
        """What of it is not used up; None when nothing is."""
        return next((one for one in self.portions if one.source == source and one.left), None)

    def until(self, now: datetime) -> Account:
        """With the time up to `now` taken, unless it stands still."""
        to_take = max(now - self.at, NOTHING) if self.runs else NOTHING
        kept = []
        for one in self.portions:
            taken = min(one.left, to_take)
            to_take -= taken
            if one.left > taken:
                kept.append(replace(one, left=one.left - taken))
        return replace(self, at=max(now, self.at), portions=tuple(kept))


def account(changes: Iterable[Change], now: datetime) -> Account | None:
    """The account as of `now`, from the whole journal, oldest first. None for an empty journal."""
    found: Account | None = None
    for change in changes:
        found = _apply((found or Account(change.at)).until(change.at), change)
    return found.until(now) if found else None


def share(portion: Portion, minor: int, of_minor: int) -> timedelta:
    """The time to take for `minor` of the `of_minor` that its order cost: that part of its whole time, rounded down to
    seconds, but no more than what is left of it. All of the money takes all that is left."""
    if minor >= of_minor:
        return portion.left
    return min(portion.left, timedelta(seconds=int(portion.whole.total_seconds()) * minor // of_minor))


def _apply(before: Account, change: Change) -> Account:
    match change.kind:
        case "paused":
            return replace(before, runs=False)
        case "resumed" | "expired":  # one whose last days went back while it stood still is over, too
            return replace(before, runs=True)
        case "changed":
            return replace(before, portions=change.portions or ())
        case "shortened":
            taken = change.ended_at - change.ends_at if change.ended_at else NOTHING
            return replace(before, portions=_less(before.portions, change.source, taken))
        case _ if change.source is not None:
            follows = change.ended_at is not None and (not before.runs or change.ended_at > change.at)
            begins = change.ended_at if follows and change.ended_at else change.at
            whole = change.ends_at - begins
            value = change.value or Money(0, "RUB")
            return replace(before, portions=(*before.portions, Portion(change.source, whole, whole, value)))
        case _:
            return before


def _less(portions: Sequence[Portion], source: str | None, taken: timedelta) -> tuple[Portion, ...]:
    cut = (replace(one, left=one.left - taken) if one.source == source else one for one in portions)
    return tuple(one for one in cut if one.left > NOTHING)
