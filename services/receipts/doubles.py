"""Receipts that are alike: what a person looks at before money goes out twice for one purchase."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from services.receipts.duplicates import LIKE_PICTURE, REMEMBERED, bits_apart
from services.receipts.errors import ReceiptNotFound
from services.receipts.models import ReceiptRow
from services.receipts.views import Receipt, seen

MOST = 20


def doubles_of(tx: Session, receipt_id: int) -> list[Receipt]:
    """Others of the same fiscal code, of the same day and total (and time, where both know it), or with a picture that
    looks alike, whatever became of them; the first of MOST. Raises ReceiptNotFound."""
    own = tx.get(ReceiptRow, receipt_id) if 0 < receipt_id < 2**63 else None
    if own is None:
        raise ReceiptNotFound(f"receipt {receipt_id}")
    row = ReceiptRow
    alike: list[ColumnElement[bool]] = []
    if own.fiscal_key:
        alike.append(row.fiscal_key == own.fiscal_key)
    if own.bought_on and own.total_minor is not None:
        same_time = [or_(row.bought_at == own.bought_at, row.bought_at.is_(None))] if own.bought_at else []
        alike.append(and_(row.bought_on == own.bought_on, row.total_minor == own.total_minor, *same_time))
    if own.picture_hash:
        near = row.submitted_at.between(own.submitted_at - REMEMBERED, own.submitted_at + REMEMBERED)
        alike.append(and_(near, row.picture_hash.is_not(None), bits_apart() <= LIKE_PICTURE))
    if not alike:
        return []
    others = select(row).where(row.id != own.id, or_(*alike)).order_by(row.id).limit(MOST)
    return [seen(one) for one in tx.scalars(others, {"hash": own.picture_hash} if own.picture_hash else {})]
