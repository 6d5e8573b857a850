"""What operators see of all receipts at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.identity import Party
from services.receipts.models import ReceiptRow
from services.receipts.views import OPEN, Receipt, seen


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many receipts are in an open state, and since when the one that has been there longest."""

    count: int
    since: datetime


def latest(tx: Session, *, state: str | None = None, party: Party | None = None, limit: int = 50) -> list[Receipt]:
    """The newest first."""
    rows = select(ReceiptRow).order_by(ReceiptRow.id.desc()).limit(limit)
    if state:
        rows = rows.where(ReceiptRow.state == state)
    if party:
        rows = rows.where(ReceiptRow.party == str(party))
    return [seen(row) for row in tx.scalars(rows)]


def waiting(tx: Session) -> dict[str, Waiting]:
    """By open state; states in which there is none are missing."""
    row = ReceiptRow
    counted = select(row.state, func.count(), func.min(row.changed_at)).where(row.state.in_(OPEN)).group_by(row.state)
    return {state: Waiting(count, since) for state, count, since in tx.execute(counted)}
