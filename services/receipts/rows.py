"""A receipt's row: found, changed, closed. For the other files of this service."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.identity import Party
from services.platform.outbox import emit
from services.receipts.errors import NotInReview, ReceiptNotFound
from services.receipts.events import ReceiptRejected
from services.receipts.facts import Reading
from services.receipts.models import ClaimRow, ReceiptRow

# What was taken by fraud stays taken: anything else may be sent again, say when the limit of that day is over.
KEEP_CLAIMS = frozenset({"fraud"})
CALL = "call"  # the kind of a claim that only says by which call a receipt came: it stays whatever becomes of it


def locked(tx: Session, receipt_id: int, party: Party | None = None) -> ReceiptRow:
    """Raises ReceiptNotFound, also for what is another party's."""
    known = 0 < receipt_id < 2**63
    row = tx.get(ReceiptRow, receipt_id, with_for_update=True, populate_existing=True) if known else None
    if row is None or (party is not None and row.party != str(party)):
        raise ReceiptNotFound(f"receipt {receipt_id}")
    return row


def locked_in_review(tx: Session, receipt_id: int) -> ReceiptRow:
    """Raises ReceiptNotFound, NotInReview."""
    row = locked(tx, receipt_id)
    if row.state != "review":
        raise NotInReview(f"receipt {receipt_id} is {row.state}")
    return row


def in_turn(tx: Session, name: str) -> None:
    """One transaction at a time from here to its end."""
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"receipts:{name}", 0))))


def move(row: ReceiptRow, state: str, now: datetime, reason: str | None = None) -> None:
    row.state, row.reason, row.changed_at = state, reason, now


def reject(tx: Session, row: ReceiptRow, reason: str, now: datetime) -> None:
    move(row, "rejected", now, reason)
    if reason not in KEEP_CLAIMS:
        tx.execute(delete(ClaimRow).where(ClaimRow.receipt_id == row.id, ClaimRow.kind != CALL))
    emit(tx, ReceiptRejected(receipt_id=row.id, reason=reason), now)


def known_of(row: ReceiptRow) -> Reading:
    """What counts: what a person corrected, else what was read."""
    return Reading.from_json(row.corrected or row.reading or {"tier": "D"})


def note(row: ReceiptRow, reading: Reading) -> None:
    """Draws the columns from a reading."""
    row.tier, row.merchant = reading.tier, reading.merchant and reading.merchant[:200]
    row.bought_on, row.bought_at = reading.date, f"{reading.time:%H:%M}" if reading.time else None
    row.total_minor = None if reading.total is None else int(reading.total.scaleb(2))
    row.currency, row.fiscal_key = reading.currency, reading.fiscal_key
    row.picture_hash = reading.picture_hash or row.picture_hash
