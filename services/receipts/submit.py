"""A picture comes in: kept first, read later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.identity import Party
from services.platform.db import Database
from services.platform.errors import Misconfigured
from services.platform.outbox import emit
from services.platform.storage import Storage
from services.receipts.calls import made_by_call, note_call
from services.receipts.duplicates import claim
from services.receipts.errors import TooManyReceipts
from services.receipts.events import ReceiptSubmitted
from services.receipts.models import ClaimRow, ReceiptRow
from services.receipts.pictures import SUFFIXES, media_type
from services.receipts.rows import in_turn, locked, move, reject
from services.receipts.views import Receipt, seen

# Uploads of one person, whatever becomes of them: what the machines that read may be asked for.
LIMITS = ((timedelta(minutes=1), 5), (timedelta(days=1), 30))
ON_ITS_WAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Upload:
    """`file_id` is Telegram's lasting name of the file (file_unique_id), where it came from there; `message_id` of the
    bot's message that will tell how it stands; `reference` names for ever the chat message, or the call of another
    program, that brought it: that again brings the same receipt."""

    party: Party
    content: bytes = field(repr=False)
    source: Literal["telegram", "api"] = "telegram"
    file_id: str | None = None
    client_id: int | None = None
    message_id: int | None = None
    reference: str | None = None


def submit(db: Database, storage: Storage | None, upload: Upload, now: datetime) -> Receipt:
    """Keeps the picture and announces it. The same file again, from anybody, becomes a rejected receipt
    (duplicate_file); what broke off is taken up again. Raises BadPicture, TooManyReceipts, and what the storage raises.
    """
    if storage is None:
        raise Misconfigured("receipts need STORAGE_*")
    kind = media_type(upload.content)
    with db.begin() as tx:
        row = _open(tx, upload, kind, now)
        if row.state != "receiving":
            return seen(row)
        receipt_id, key = row.id, row.picture_key or ""
    storage.put(key, upload.content, kind)
    with db.begin() as tx:
        row = locked(tx, receipt_id)
        if row.state == "receiving":
            move(row, "received", now)
            emit(tx, ReceiptSubmitted(receipt_id=row.id), now)
        return seen(row)


def abandon(tx: Session, now: datetime) -> int:
    """Gives up pictures that never arrived in the storage: whoever sent them may send them again."""
    late = select(ReceiptRow).where(ReceiptRow.state == "receiving", ReceiptRow.changed_at <= now - ON_ITS_WAY)
    rows = tx.scalars(late.with_for_update(skip_locked=True)).all()
    for row in rows:
        reject(tx, row, "interrupted", now)
    return len(rows)


def _open(tx: Session, upload: Upload, kind: str, now: datetime) -> ReceiptRow:
    if upload.reference and (made := made_by_call(tx, upload.reference)):
        return made
    in_turn(tx, str(upload.party))
    digest = hashlib.sha256(upload.content).hexdigest()
    require_pace(tx, upload.party, now)
    row = ReceiptRow(
        party=str(upload.party),
        source=upload.source,
        client_id=upload.client_id,
        state="receiving",
        submitted_at=now,
        changed_at=now,
        media_type=kind,
        size=len(upload.content),
        attempts=0,
        message_id=upload.message_id,
    )
    tx.add(row)
    tx.flush()
    claims = [("picture", digest), *([("file", upload.file_id[:200])] if upload.file_id else [])]
    owners = {claim(tx, name, key, row.id) for name, key in claims} - {row.id}
    if not owners:
        row.picture_key = f"receipts/{row.id}-{digest[:16]}.{SUFFIXES[kind]}"
        tx.flush()
        note_call(tx, upload.reference, row.id)
        return row
    earlier = tx.get_one(ReceiptRow, min(owners), with_for_update=True, populate_existing=True)
    if earlier.party == row.party and earlier.state == "receiving":
        tx.execute(delete(ClaimRow).where(ClaimRow.receipt_id == row.id))
        tx.delete(row)  # it broke off: go on with that one
        earlier.message_id = upload.message_id or earlier.message_id
        tx.flush()
        note_call(tx, upload.reference, earlier.id)
        return earlier
    reject(tx, row, "duplicate_file", now)
    note_call(tx, upload.reference, row.id)
    return row


def require_pace(tx: Session, party: Party, now: datetime) -> None:
    """Raises TooManyReceipts. The party's turn must be the caller's."""
    for within, most in LIMITS:
        recent = ReceiptRow.party == str(party), ReceiptRow.submitted_at > now - within
        count, oldest = tx.execute(select(func.count(), func.min(ReceiptRow.submitted_at)).where(*recent)).one()
        if count >= most:
            wait = max(1.0, (oldest + within - now).total_seconds())
            raise TooManyReceipts(f"{count} receipts of {party} within {within}", after=wait)
