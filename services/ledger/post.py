from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.ledger.models import LedgerBalance, LedgerEntry, LedgerTransaction
from services.platform.errors import Conflict, Invalid, NotFound
from services.platform.money import Money

# What we owe people. Not clearing or revenue: every sale moves those, and all sales would queue for one row.
KEPT = ("wallet:", "tokens:", "bonus:")

# Head and entries in one round trip. A fact that is in the books already gets no head, and therefore no entries.
POST = text("""
    WITH head AS (
      INSERT INTO ledger_transactions (kind, reference, posted_at) VALUES (:kind, :reference, :posted_at)
      ON CONFLICT DO NOTHING RETURNING id
    )
    INSERT INTO ledger_entries (transaction_id, account, currency, minor)
    SELECT head.id, entry.account, entry.currency, entry.minor
    FROM head, unnest(
      CAST(:accounts AS text[]), CAST(:currencies AS text[]), CAST(:minors AS bigint[])
    ) WITH ORDINALITY AS entry (account, currency, minor, line)
    ORDER BY entry.line RETURNING transaction_id
""")


class Unbalanced(Invalid):
    """The entries do not sum to zero in each currency, or there are fewer than two, or one is zero."""

    code: ClassVar[str] = "unbalanced"


class AlreadyPosted(Conflict):
    """This fact is in the books. The caller decides whether that is a repetition or a mistake."""

    code: ClassVar[str] = "already_posted"


class Insufficient(Conflict):
    """An account would owe less than nothing."""

    code: ClassVar[str] = "insufficient_balance"


class NotPosted(NotFound):
    code: ClassVar[str] = "not_posted"


@dataclass(frozen=True, slots=True)
class Entry:
    """A positive amount is a debit of the account, a negative one a credit."""

    account: str
    amount: Money


def post(
    tx: Session, *, kind: str, reference: str, entries: Sequence[Entry], now: datetime, may_overdraw: bool = False
) -> int:
    """Books one fact; (kind, reference) names it for ever. Returns the transaction's id. A kept account that is debited
    must hold that much, unless `may_overdraw`. Raises Unbalanced, AlreadyPosted or Insufficient; after the first two
    the caller's transaction stays usable."""
    _check(kind, reference, entries)
    fact = {
        "kind": kind,
        "reference": reference,
        "posted_at": now,
        "accounts": [entry.account for entry in entries],
        "currencies": [entry.amount.currency for entry in entries],
        "minors": [entry.amount.minor for entry in entries],
    }
    transaction_id: int | None = tx.scalar(POST, fact)
    if transaction_id is None:
        raise AlreadyPosted(f"{kind} {reference}")
    _keep_balances(tx, entries, may_overdraw)
    return transaction_id


def reverse(tx: Session, *, kind: str, reference: str, now: datetime) -> int | None:
    """Books the opposite of a fact, once, as "<kind>_reversal": what was given is owed back even when it was spent.
    Returns the new transaction's id; None when that has been done. Raises NotPosted."""
    entries = find(tx, kind=kind, reference=reference)
    if not entries:
        raise NotPosted(f"{kind} {reference}")
    opposite = [Entry(entry.account, -entry.amount) for entry in entries]
    try:
        return post(tx, kind=f"{kind}_reversal", reference=reference, entries=opposite, now=now, may_overdraw=True)
    except AlreadyPosted:
        return None


def find(tx: Session, *, kind: str, reference: str) -> list[Entry]:
    """The entries of a fact; none when it is not in the books."""
    rows = tx.scalars(
        select(LedgerEntry)
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(LedgerTransaction.kind == kind, LedgerTransaction.reference == reference)
        .order_by(LedgerEntry.id)
    )
    return [Entry(row.account, Money(row.minor, row.currency)) for row in rows]


def _check(kind: str, reference: str, entries: Sequence[Entry]) -> None:
    sums: Counter[str] = Counter()
    for entry in entries:
        sums[entry.amount.currency] += entry.amount.minor
    if len(entries) < 2 or any(sums.values()) or any(entry.amount.minor == 0 for entry in entries):
        raise Unbalanced(f"{kind} {reference}: {dict(sums)}")


def _keep_balances(tx: Session, entries: Sequence[Entry], may_overdraw: bool) -> None:
    """One change for each account, in the order of their names: two postings never wait for each other."""
    changes: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if entry.account.startswith(KEPT):
            changes[entry.account, entry.amount.currency] += entry.amount.minor
    for (account, currency), minor in sorted(changes.items()):
        row = insert(LedgerBalance).values(account=account, currency=currency, minor=minor)
        changed = row.on_conflict_do_update(
            index_elements=["account", "currency"], set_={"minor": LedgerBalance.minor + row.excluded.minor}
        )
        left = tx.scalar(changed.returning(LedgerBalance.minor))
        if minor > 0 and left is not None and left > 0 and not may_overdraw:
            raise Insufficient(f"{account}: {Money(left, currency)} {currency} too little")
