"""Reading a picture again: the reader has become better, or its machine was ill."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.platform import audit
from services.platform.outbox import emit
from services.receipts.errors import PictureGone
from services.receipts.events import ReceiptSubmitted
from services.receipts.rows import locked_in_review, move
from services.receipts.views import Receipt, seen


def reread(tx: Session, receipt_id: int, *, actor: str, now: datetime) -> Receipt:
    """Only from review. What a person had corrected is forgotten, what only this receipt may have stays its own. Raises
    ReceiptNotFound, NotInReview, PictureGone."""
    row = locked_in_review(tx, receipt_id)
    if row.picture_key is None:
        raise PictureGone(f"picture of receipt {receipt_id}")
    row.attempts, row.corrected, row.decision = 0, None, None
    row.campaign = row.campaign_version = row.bonus_minor = row.bonus_currency = None
    move(row, "received", now)
    emit(tx, ReceiptSubmitted(receipt_id=row.id), now)
    audit.record(tx, actor=actor, action="receipt.reread", subject=f"receipt:{row.id}", now=now)
    tx.flush()
    return seen(row)
