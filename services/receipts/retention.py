"""Pictures are kept for so many days after a receipt was closed, and then deleted; what was read of them stays."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.db import Database
from services.platform.errors import Misconfigured
from services.platform.outbox import emit, emit_all, unfinished
from services.platform.storage import Storage
from services.receipts.events import PictureExpired, PictureSweepDue
from services.receipts.models import ReceiptRow
from services.receipts.rows import locked
from services.receipts.views import OPEN

MANY = 500  # pictures a sweep: one an hour deletes 12,000 a day


def schedule_picture_sweep(tx: Session, now: datetime) -> int:
    emit(tx, PictureSweepDue(), now)
    return 1


def plan_expiry(tx: Session, now: datetime, kept: timedelta, limit: int = MANY) -> int:
    """Announces pictures of receipts that were closed longer than `kept` ago, the oldest first. What is announced and
    not deleted yet, because the storage does not answer, is left alone."""
    over = now - kept
    row = ReceiptRow
    closed = select(row.id).where(
        row.picture_key.is_not(None),
        row.submitted_at <= over,  # the index is by it
        row.changed_at <= over,
        row.state.not_in(OPEN),
    )
    announced = {body["receipt_id"] for body in unfinished(tx, PictureExpired.name, "receipts.delete_picture")}
    ids = tx.scalars(closed.where(row.id.not_in(announced)).order_by(row.submitted_at, row.id).limit(limit)).all()
    emit_all(tx, [PictureExpired(receipt_id=receipt_id) for receipt_id in ids], now)
    return len(ids)


def delete_picture(db: Database, event: PictureExpired, now: datetime, storage: Storage | None) -> None:
    """Repeating it changes nothing, and a file that is not there counts as deleted. Raises what the storage raises."""
    del now
    if storage is None:
        raise Misconfigured("receipts need STORAGE_*")
    with db.begin() as tx:
        row = locked(tx, event.receipt_id)
        key = row.picture_key
        if key is None or row.state in OPEN:
            return
    storage.delete(key)
    with db.begin() as tx:
        row = locked(tx, event.receipt_id)
        if row.picture_key == key:
            row.picture_key = None
