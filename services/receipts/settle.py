"""What became of the money of a receipt, and taking it back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.receipts import rules
from services.receipts.events import PayoutFailed, PayoutSucceeded, ReceiptAccepted
from services.receipts.rows import locked, move

# How far a receipt's money has come; it never goes back along this line.
UNPAID = frozenset({"approved", "paying", "pay_failed"})


def note_paying(tx: Session, event: ReceiptAccepted, now: datetime) -> None:
    row = locked(tx, event.receipt_id)
    if row.state == "approved":
        move(row, "paying", now)


def note_paid(tx: Session, event: PayoutSucceeded, now: datetime) -> None:
    """Whatever was said of it before: the money arrived."""
    row = locked(tx, event.receipt_id)
    if row.state in UNPAID:
        move(row, "paid", now)


def note_not_paid(tx: Session, event: PayoutFailed, now: datetime) -> None:
    """Nothing was paid: the campaign's budget and the person's limits are as if it had not been."""
    row = locked(tx, event.receipt_id)
    if row.state in ("approved", "paying"):
        move(row, "pay_failed", now, event.reason)
        rules.give_back(tx, row.id, now)
