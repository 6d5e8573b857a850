from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.ledger.models import LedgerBalance, LedgerEntry, LedgerTransaction
from services.ledger.post import KEPT
from services.platform.money import Money


@dataclass(frozen=True, slots=True)
class Posted:
    """One entry with the fact it belongs to."""

    kind: str
    reference: str
    account: str
    amount: Money
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """What one fact did to some accounts: the sum of its entries in each currency."""

    id: int
    kind: str
    reference: str
    posted_at: datetime
    amounts: Mapping[str, Money]


def balance(tx: Session, account: str, currency: str) -> Money:
    """Debits less credits: what an asset account holds; a liability or revenue shows as a negative amount."""
    if account.startswith(KEPT):
        kept = tx.get(LedgerBalance, (account, currency), populate_existing=True)
        return Money(kept.minor if kept else 0, currency)
    entries = LedgerEntry.account == account, LedgerEntry.currency == currency
    return Money(int(tx.scalar(select(func.coalesce(func.sum(LedgerEntry.minor), 0)).where(*entries)) or 0), currency)


def hold(tx: Session, accounts: Mapping[str, str]) -> dict[str, Money]:
    """The balances of kept accounts, given with their currencies, which nobody else changes until this transaction
    ends. In the order of their names, as posting takes them."""
    balances = {}
    for account, currency in sorted(accounts.items()):
        row = insert(LedgerBalance).values(account=account, currency=currency, minor=0)
        locked = row.on_conflict_do_update(
            index_elements=["account", "currency"], set_={"minor": LedgerBalance.minor}
        ).returning(LedgerBalance.minor)
        balances[account] = Money(int(tx.scalars(locked).one()), currency)
    return balances


def owed(tx: Session, prefix: str, *, after: str = "", limit: int = 100) -> list[str]:
    """Kept accounts that begin so and owe something, by name, those behind `after`."""
    accounts = select(LedgerBalance.account).where(LedgerBalance.account.startswith(prefix), LedgerBalance.minor < 0)
    behind = accounts.where(LedgerBalance.account > after)
    return list(tx.scalars(behind.order_by(LedgerBalance.account).limit(limit)))


def facts(tx: Session, accounts: Collection[str], *, before: int | None = None, limit: int = 50) -> list[Fact]:
    """What happened to these accounts, newest first; `before` is the id of the last one that was seen."""
    touched = select(LedgerEntry.transaction_id).where(LedgerEntry.account.in_(accounts))
    if before is not None:
        touched = touched.where(LedgerEntry.transaction_id < before)
    page = touched.distinct().order_by(LedgerEntry.transaction_id.desc()).limit(limit)
    rows = tx.execute(
        select(LedgerTransaction, LedgerEntry.currency, func.sum(LedgerEntry.minor))
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(LedgerTransaction.id.in_(page), LedgerEntry.account.in_(accounts))
        .group_by(LedgerTransaction.id, LedgerEntry.currency)
        .order_by(LedgerTransaction.id.desc())
    )
    found: dict[int, tuple[LedgerTransaction, dict[str, Money]]] = {}
    for head, currency, minor in rows:
        found.setdefault(head.id, (head, {}))[1][currency] = Money(int(minor), currency)
    return [Fact(head.id, head.kind, head.reference, head.posted_at, sums) for head, sums in found.values()]


def postings(tx: Session, account: str, *, offset: int = 0, limit: int = 100) -> list[Posted]:
    """The entries of one account, newest first."""
    rows = tx.execute(
        select(LedgerTransaction, LedgerEntry)
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(LedgerEntry.account == account)
        .order_by(LedgerEntry.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [_posted(head, entry) for head, entry in rows]


def posted_between(tx: Session, account: str, since: datetime, until: datetime) -> list[Posted]:
    """The entries of one account in [since, until), oldest first."""
    rows = tx.execute(
        select(LedgerTransaction, LedgerEntry)
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(LedgerEntry.account == account)
        .where(LedgerTransaction.posted_at >= since, LedgerTransaction.posted_at < until)
        .order_by(LedgerEntry.id)
    )
    return [_posted(head, entry) for head, entry in rows]


def turnover(tx: Session, account: str, since: datetime, until: datetime) -> dict[tuple[str, str], int]:
    """Minor units by (kind, currency) that were booked to an account in [since, until)."""
    rows = tx.execute(
        select(LedgerTransaction.kind, LedgerEntry.currency, func.sum(LedgerEntry.minor))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(LedgerEntry.account == account)
        .where(LedgerTransaction.posted_at >= since, LedgerTransaction.posted_at < until)
        .group_by(LedgerTransaction.kind, LedgerEntry.currency)
    )
    return {(str(kind), str(currency)): int(minor) for kind, currency, minor in rows}


def imbalances(tx: Session) -> list[tuple[int, str, int]]:
    """(transaction, currency, sum) of every set that does not sum to zero. The database makes this list empty."""
    sums = select(LedgerEntry.transaction_id, LedgerEntry.currency, func.sum(LedgerEntry.minor))
    grouped = sums.group_by(LedgerEntry.transaction_id, LedgerEntry.currency).having(func.sum(LedgerEntry.minor) != 0)
    return [(int(row[0]), str(row[1]), int(row[2])) for row in tx.execute(grouped)]


def _posted(head: LedgerTransaction, entry: LedgerEntry) -> Posted:
    amount = Money(entry.minor, entry.currency)
    return Posted(head.kind, head.reference, entry.account, amount, head.posted_at)
