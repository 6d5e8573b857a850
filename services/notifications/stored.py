"""Documents out of the bucket: fetched outside every transaction, uploaded to Telegram once, sent by its id after
that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, delete
from sqlalchemy.dialects.postgresql import insert

from services.notifications.channels.base import Attachment, Channel, Delivered, Outgoing, Refused, Sent, Stored
from services.notifications.models import SentFileRow
from services.platform.db import Database
from services.platform.errors import KioskError
from services.platform.storage import Storage

log = structlog.get_logger(__name__)


def fetched(db: Database, channel: Channel, storage: Storage | None, message: Outgoing) -> Outgoing:
    """The message with its document attached. Where the bucket does not give it, the words say so and the message has
    no document: what else its reader is to be told does not wait for a bucket."""
    stored = _stored(message)
    with db.begin() as tx:
        known = tx.get(SentFileRow, (channel.account, stored.good, stored.version))
    if known is not None:
        return replace(message, attachment=Attachment(stored.name, b"", file_id=known.file_id))
    return _with_content(storage, message, stored)


def send_stored(
    db: Database, channel: Channel, storage: Storage | None, address: int, message: Outgoing, now: datetime
) -> Delivered:
    """Sends what `fetched` gave and remembers the id. One that Telegram does not know any more is forgotten, and the
    document uploaded again."""
    stored = _stored(message)
    outcome = channel.send(address, message)
    is_by_id = message.attachment is not None and message.attachment.file_id is not None
    if is_by_id and isinstance(outcome, Refused):
        with db.begin() as tx:
            tx.execute(delete(SentFileRow).where(*_of(channel, stored)))
        message = _with_content(storage, message, stored)
        outcome = channel.send(address, message)
    if isinstance(outcome, Sent) and outcome.file_id and message.attachment and message.attachment.content:
        _remember(db, channel, stored, outcome.file_id, now)
    return outcome


def _with_content(storage: Storage | None, message: Outgoing, stored: Stored) -> Outgoing:
    try:
        content = storage.get(stored.key) if storage is not None else None
    except KioskError as error:
        log.warning("document_not_fetched", good=stored.good, error=str(error) or error.code)
        content = None
    if not content:  # Telegram refuses empty documents
        return replace(message, text=stored.otherwise, attachment=None)
    return replace(message, attachment=Attachment(stored.name, content))


def _remember(db: Database, channel: Channel, stored: Stored, file_id: str, now: datetime) -> None:
    kept = {"file_id": file_id, "sent_at": now}
    key = {"account": channel.account, "good": stored.good, "version": stored.version}
    row = insert(SentFileRow).values(**key, **kept)
    with db.begin() as tx:
        tx.execute(row.on_conflict_do_update(index_elements=list(key), set_=kept))


def _of(channel: Channel, stored: Stored) -> tuple[ColumnElement[bool], ...]:
    return (
        SentFileRow.account == channel.account,
        SentFileRow.good == stored.good,
        SentFileRow.version == stored.version,
    )


def _stored(message: Outgoing) -> Stored:
    assert message.stored is not None
    return message.stored
