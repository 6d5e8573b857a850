"""Bonus tokens that were not spent in time. What is left of which gift follows from the postings alone: the oldest is
spent first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from services import ledger
from services.identity import Party
from services.platform.money import Money
from services.platform.outbox import emit
from services.wallet.balances import PROMOTIONS, bonus_of
from services.wallet.events import BonusSweepDue

EXPIRED = "bonus_expired"
BATCH = 200
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BonusExpiry:
    """So many bonus tokens are taken at that moment, or on the first sweep after it."""

    at: datetime
    tokens: int


def announce_bonus_sweep(tx: Session, now: datetime) -> int:
    emit(tx, BonusSweepDue(), now)
    return 1


def expire_bonus(tx: Session, event: BonusSweepDue, now: datetime, days: int, limit: int = BATCH) -> int:
    """Takes bonus tokens that were credited `days` ago or earlier (0: they never expire), at most once a day (UTC) of
    each party. Returns of how many parties; goes through `limit` accounts and leaves the others to the next event."""
    if not days:
        return 0
    accounts = ledger.owed(tx, "bonus:", after=event.after, limit=limit)
    if len(accounts) == limit:
        emit(tx, BonusSweepDue(after=accounts[-1]), now)
    return sum(_expire(tx, account, now, timedelta(days=days)) for account in accounts)


def expiring(tx: Session, party: Party, days: int) -> list[BonusExpiry]:
    """What is left of each gift and when it goes, soonest first; nothing where bonus tokens never expire."""
    if not days:
        return []
    left = left_of(_postings(tx, bonus_of(party)))
    return [BonusExpiry(at + timedelta(days=days), tokens) for at, tokens in left]


def left_of(postings: Iterable[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """(when, tokens) of each credit that is not used up, oldest first. `postings` are (when, minor) in the order of
    their booking, credits negative; a debit uses the oldest credit first, and what it finds too little of the next."""
    lots: deque[tuple[datetime, int]] = deque()
    debt = 0
    for at, minor in postings:
        if minor < 0:
            paid = min(debt, -minor)
            debt -= paid
            if -minor > paid:
                lots.append((at, -minor - paid))
            continue
        debt += minor
        while debt and lots:
            when, tokens = lots.popleft()
            used = min(debt, tokens)
            debt -= used
            if tokens > used:
                lots.appendleft((when, tokens - used))
    return list(lots)


def _expire(tx: Session, account: str, now: datetime, life: timedelta) -> bool:
    ledger.hold(tx, {account: "BONUS"})
    over = sum(tokens for at, tokens in left_of(_postings(tx, account)) if at + life <= now)
    if not over:
        return False
    amount = Money(over, "BONUS")
    entries = [ledger.Entry(account, amount), ledger.Entry(PROMOTIONS, -amount)]
    day = now.astimezone(UTC).date().isoformat()
    reference = f"{account.removeprefix('bonus:')}:{day}"
    try:
        ledger.post(tx, kind=EXPIRED, reference=reference, entries=entries, now=now)
    except ledger.AlreadyPosted:  # today: what is over since then goes tomorrow
        return False
    return True


def _postings(tx: Session, account: str) -> list[tuple[datetime, int]]:
    posted = ledger.posted_between(tx, account, BEGINNING, datetime.max.replace(tzinfo=UTC))
    return [(one.posted_at, one.amount.minor) for one in posted if one.amount.currency == "BONUS"]
