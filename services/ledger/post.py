from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.ledger.models import LedgerEntry, LedgerTransaction
from services.platform.errors import Conflict, Invalid
from services.platform.money import Money


class Unbalanced(Invalid):
    """The entries do not sum to zero in each currency, or there are fewer than two, or one is zero."""

    code: ClassVar[str] = "unbalanced"


class AlreadyPosted(Conflict):
    """This fact is in the books. The caller decides whether that is a repetition or a mistake."""

    code: ClassVar[str] = "already_posted"


@dataclass(frozen=True, slots=True)
class Entry:
    """A positive amount is a debit of the account, a negative one a credit."""

    account: str
    amount: Money


def post(tx: Session, *, kind: str, reference: str, entries: Sequence[Entry], now: datetime) -> int:
    """Books one fact; (kind, reference) names it for ever. Returns the transaction's id.
    Raises Unbalanced or AlreadyPosted; the caller's transaction stays usable after either."""
    sums: Counter[str] = Counter()
    for entry in entries:
        sums[entry.amount.currency] += entry.amount.minor
    if len(entries) < 2 or any(sums.values()) or any(entry.amount.minor == 0 for entry in entries):
        raise Unbalanced(f"{kind} {reference}: {dict(sums)}")
    head = insert(LedgerTransaction).values(kind=kind, reference=reference, posted_at=now)
    transaction_id: int | None = tx.scalar(head.on_conflict_do_nothing().returning(LedgerTransaction.id))
    if transaction_id is None:
        raise AlreadyPosted(f"{kind} {reference}")
    rows = [
        {
            "transaction_id": transaction_id,
            "account": entry.account,
            "currency": entry.amount.currency,
            "minor": entry.amount.minor,
        }
        for entry in entries
    ]
    tx.execute(insert(LedgerEntry), rows)
    return transaction_id


def balance(tx: Session, account: str, currency: str) -> Money:
    """Debits less credits: what an asset account holds; a liability or revenue shows as a negative amount."""
    entries = LedgerEntry.account == account, LedgerEntry.currency == currency
    return Money(int(tx.scalar(select(func.coalesce(func.sum(LedgerEntry.minor), 0)).where(*entries)) or 0), currency)


def imbalances(tx: Session) -> list[tuple[int, str, int]]:
    """(transaction, currency, sum) of every set that does not sum to zero. The database makes this list empty."""
    sums = select(LedgerEntry.transaction_id, LedgerEntry.currency, func.sum(LedgerEntry.minor))
    grouped = sums.group_by(LedgerEntry.transaction_id, LedgerEntry.currency).having(func.sum(LedgerEntry.minor) != 0)
    return [(int(row[0]), str(row[1]), int(row[2])) for row in tx.execute(grouped)]
