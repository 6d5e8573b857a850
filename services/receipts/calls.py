"""Calls of other programs that may come twice: what one of them has made is found again."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.receipts.duplicates import claim
from services.receipts.models import ClaimRow, ReceiptRow
from services.receipts.rows import CALL, in_turn
from services.receipts.views import Receipt, seen


def made_by_call(tx: Session, reference: str) -> ReceiptRow | None:
    """The receipt that this call made before, locked. Whoever comes with it at the same moment waits until the caller's
    transaction ends."""
    in_turn(tx, f"call:{reference}")
    owner = select(ClaimRow.receipt_id).where(ClaimRow.kind == CALL, ClaimRow.key == reference)
    found = tx.scalar(owner)
    return tx.get_one(ReceiptRow, found, with_for_update=True, populate_existing=True) if found else None


def receipt_of_call(tx: Session, reference: str | None) -> Receipt | None:
    """As `made_by_call`, for who only looks. None also where there is no reference."""
    row = made_by_call(tx, reference) if reference else None
    return seen(row) if row else None


def note_call(tx: Session, reference: str | None, receipt_id: int) -> None:
    if reference:
        claim(tx, CALL, reference, receipt_id)
