"""From events about files and tasks to messages, as in tell.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from services import provisioning
from services.identity import Party
from services.notifications.tell import queue, tell
from services.platform.crypto import Cipher


def tell_document(tx: Session, cipher: Cipher, event: provisioning.AccessGranted, now: datetime) -> None:
    """A file which its owner does not have yet."""
    if not event.fresh:
        return
    try:
        found = provisioning.documents.document_of(tx, cipher, Party.parse(event.party), event.grant_id)
    except provisioning.AccessNotFound:
        return  # it is no file, or has ended
    params = {"subscription_id": event.subscription_id, "grant_id": event.grant_id}
    tell(tx, event.party, "document", f"document:{event.grant_id}:{found.version}:{event.invoice_id}", params, now)


def send_document(tx: Session, cipher: Cipher, party: Party, grant_id: int, now: datetime) -> bool:
    """An own file, again; however often it is asked for within a minute, once. False where it is too large to be sent.
    Raises AccessNotFound."""
    found = provisioning.documents.document_of(tx, cipher, party, grant_id)
    if found.is_sendable:
        params = {"subscription_id": found.subscription_id, "grant_id": grant_id}
        tell(tx, str(party), "document", f"document:{grant_id}:again:{now:%Y%m%d%H%M}", params, now)
    return found.is_sendable


def tell_task_opened(tx: Session, event: provisioning.TaskOpened, now: datetime, admins: Sequence[int]) -> None:
    params = {
        "task_id": event.task_id,
        "subscription_id": event.subscription_id,
        "hours": event.hours,
        "again": event.again,
    }
    about = f"task:{event.task_id}"
    if event.kind == "give":
        tell(tx, event.party, "task_waiting", f"{about}:waiting", params, now)
    _tell_operators(tx, admins, "admin_task", about, {**params, "party": event.party}, now)


def tell_task_overdue(tx: Session, event: provisioning.TaskOverdue, now: datetime, admins: Sequence[int]) -> None:
    params = {"task_id": event.task_id, "party": event.party}
    _tell_operators(tx, admins, "admin_task_overdue", f"task:{event.task_id}:{now.isoformat()}", params, now)


def tell_task_declined(tx: Session, event: provisioning.TaskDeclined, now: datetime) -> None:
    params = {"task_id": event.task_id, "subscription_id": event.subscription_id, "refund_id": event.refund_id}
    tell(tx, event.party, "task_declined", f"task:{event.task_id}:declined", params, now)


def _tell_operators(
    tx: Session, admins: Sequence[int], kind: str, about: str, params: dict[str, object], now: datetime
) -> None:
    for telegram_id in admins:
        queue(tx, telegram_id, kind, f"admin:{telegram_id}:{about}", params, now)
