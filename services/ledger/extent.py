from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.ledger.models import LedgerEntry, LedgerTransaction


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is in the books: how many currencies, facts and entries."""

    currencies: int
    transactions: int
    entries: int


def extent(tx: Session) -> Extent:
    """Reads all of the books."""
    entries = select(func.count(LedgerEntry.currency.distinct()), func.count())
    currencies, count = tx.execute(entries.select_from(LedgerEntry)).one()
    transactions = tx.scalar(select(func.count()).select_from(LedgerTransaction))
    return Extent(int(currencies), int(transactions or 0), int(count))
