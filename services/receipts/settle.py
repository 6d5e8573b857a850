"""What became of the money of a receipt, and taking it back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.platform import audit
from services.platform.outbox import emit
from services.receipts import payouts, rules
from services.receipts.errors import NotReversible
from services.receipts.events import PayoutFailed, PayoutSucceeded, ReceiptAccepted, ReceiptReversed
from services.receipts.rows import locked, move
from services.receipts.views import Receipt, seen

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


def reverse(tx: Session, receipt_id: int, reason: str, *, actor: str, now: datetime) -> Receipt:
    """Takes back what it has earned, or stops it on its way: the shop took the goods back, or it was a fraud. Budget
    and limits are as if it had not been; it cannot be sent again. Twice changes nothing. Raises ReceiptNotFound;
    NotReversible where nothing was promised, or the money has left the house, or may have."""
    row = locked(tx, receipt_id)
    if row.state == "reversed":
        return seen(row)
    if row.state not in ("approved", "paying", "paid"):
        raise NotReversible(f"receipt {receipt_id} is {row.state}")
    payouts.reverse_payout(tx, receipt_id, actor=actor, reason=reason, now=now)
    rules.give_back(tx, receipt_id, now)
    move(row, "reversed", now)
    emit(tx, ReceiptReversed(receipt_id=row.id), now)
    audit.record(tx, actor=actor, action="receipt.reverse", subject=f"receipt:{row.id}", now=now, reason=reason[:500])
    tx.flush()
    return seen(row)
