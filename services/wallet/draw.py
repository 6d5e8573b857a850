"""How tokens leave a balance, whatever for: bonus first, then the bought ones, in one posting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services import ledger
from services.identity import Party
from services.platform.money import Money
from services.platform.outbox import emit
from services.wallet.balances import Balance, bonus_of, hold, spent_on, tokens_of
from services.wallet.events import BalanceLow

THRESHOLDS = (50, 20, 10, 5)


@dataclass(frozen=True, slots=True)
class Drawn:
    """How many of each went, and the balance after."""

    tokens: int
    bonus: int
    left: Balance


def draw(
    tx: Session, party: Party, amount: int, *, kind: str, reference: str, what: str, floor: int, now: datetime
) -> Drawn:
    """Takes `amount` tokens for `what` (a product), down to `floor` below zero. Raises Insufficient, with nothing
    taken, or AlreadyPosted."""
    held = hold(tx, party)
    if held.total - amount < -floor:
        raise ledger.Insufficient(f"{party}: {held.total} tokens of {amount}")
    bonus = min(max(held.bonus, 0), amount)
    entries = []
    for account, currency, minor in ((bonus_of(party), "BONUS", bonus), (tokens_of(party), "TOKEN", amount - bonus)):
        if minor:
            entries.append(ledger.Entry(account, Money(minor, currency)))
            entries.append(ledger.Entry(spent_on(what), Money(-minor, currency)))
    # The balance is held and was looked at: where it may go below zero, it goes no further than that.
    ledger.post(tx, kind=kind, reference=reference, entries=entries, now=now, may_overdraw=True)
    left = Balance(held.tokens - (amount - bonus), held.bonus - bonus)
    note_low(tx, party, held.total, left.total, reference=f"{kind}:{reference}", now=now)
    return Drawn(amount - bonus, bonus, left)


def note_low(tx: Session, party: Party, before: int, left: int, *, reference: str, now: datetime) -> None:
    """Of the thresholds that were crossed just now only the lowest is told. One is crossed again only after the balance
    was topped up above it: it is told once until then, however many spend at once, for they take turns."""
    crossed = [threshold for threshold in THRESHOLDS if left <= threshold < before]
    if crossed:
        emit(tx, BalanceLow(party=str(party), threshold=min(crossed), left=left, reference=reference), now)
