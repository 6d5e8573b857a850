from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from services.ledger.models import LedgerBalance, LedgerEntry
from services.ledger.post import KEPT
from services.ledger.views import imbalances


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the books that cannot be: `rule` is the stable name of what is broken, `subject` names the row."""

    rule: str
    subject: str
    detail: str


def prove(tx: Session) -> list[Fault]:
    """What is wrong with the ledger by itself: every set and every currency sums to zero, and every kept balance is the
    sum of its postings."""
    faults = [
        Fault("set_sums_to_zero", f"ledger transaction {transaction}", f"{minor} minor units of {currency} too much")
        for transaction, currency, minor in imbalances(tx)
    ]
    totals = select(LedgerEntry.currency, func.sum(LedgerEntry.minor)).group_by(LedgerEntry.currency)
    faults += [
        Fault("currency_sums_to_zero", str(currency), f"{minor} minor units too much")
        for currency, minor in tx.execute(totals)
        if minor
    ]
    return faults + _kept(tx)


def _kept(tx: Session) -> list[Fault]:
    kept = or_(*(LedgerEntry.account.startswith(prefix) for prefix in KEPT))
    entries = (
        select(LedgerEntry.account, LedgerEntry.currency, func.sum(LedgerEntry.minor).label("minor"))
        .where(kept)
        .group_by(LedgerEntry.account, LedgerEntry.currency)
        .subquery()
    )
    account = func.coalesce(entries.c.account, LedgerBalance.account)
    booked, shown = func.coalesce(entries.c.minor, 0), func.coalesce(LedgerBalance.minor, 0)
    same = (entries.c.account == LedgerBalance.account) & (entries.c.currency == LedgerBalance.currency)
    differing = select(account, booked, shown).select_from(entries).join(LedgerBalance, same, full=True)
    return [
        Fault("balance_is_sum_of_postings", str(name), f"shows {seen} minor units, its postings make {total}")
        for name, total, seen in tx.execute(differing.where(booked != shown))
    ]
