"""From events to messages: who is told what. Runs in the event's transaction; nothing is sent here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import billing, identity, provisioning, subscriptions
from services.notifications.events import MessageQueued
from services.notifications.models import MessageRow
from services.platform.outbox import emit

# Nobody tried to pay: the page was closed, or forgotten. Telling would only annoy.
SILENT_REASONS = ("expired_on_confirmation", "canceled_by_merchant", "no_answer")


def tell_access_granted(tx: Session, event: provisioning.AccessGranted, now: datetime) -> None:
    """The file and the QR for a configuration the person has not seen; else a line that it goes on."""
    params = {"subscription_id": event.subscription_id, "grant_id": event.grant_id}
    about = f"access:{event.grant_id}:invoice:{event.invoice_id}"
    for kind in ("access_file", "access_qr") if event.fresh else ("extended",):
        _tell(tx, event.party, kind, f"{kind}:{about}", params, now)


def tell_access_delayed(tx: Session, event: provisioning.AccessDelayed, now: datetime, admins: Sequence[int]) -> None:
    params = {"subscription_id": event.subscription_id, "grant_id": event.grant_id, "reason": event.reason}
    about = f"delayed:{event.grant_id}:{event.since.isoformat()}"
    _tell(tx, event.party, "access_delayed", about, params, now)
    _tell_admins(tx, admins, "admin_access_delayed", about, {**params, "party": event.party}, now)


def tell_payment_failed(tx: Session, event: billing.PaymentFailed, now: datetime) -> None:
    if event.reason not in SILENT_REASONS:
        params = {"payment_id": event.payment_id, "reason": event.reason}
        _tell(tx, event.party, "payment_failed", f"failed:payment:{event.payment_id}", params, now)


def tell_payment_needs_decision(
    tx: Session, event: billing.PaymentNeedsDecision, now: datetime, admins: Sequence[int]
) -> None:
    params = {"payment_id": event.payment_id, "reason": event.reason}
    about = f"decision:payment:{event.payment_id}"
    _tell(tx, event.party, "payment_held", about, params, now)
    _tell_admins(tx, admins, "admin_payment_held", about, {**params, "party": event.party}, now)


def tell_expired(tx: Session, event: subscriptions.SubscriptionExpired, now: datetime) -> None:
    params = {"subscription_id": event.subscription_id}
    about = f"expired:{event.subscription_id}:{event.ends_at.isoformat()}"
    _tell(tx, event.party, "expired", about, params, now)


def _tell(tx: Session, party: str, kind: str, key: str, params: dict[str, Any], now: datetime) -> None:
    owner = identity.Party.parse(party)
    if owner.kind == "user":
        queue(tx, identity.user(tx, owner.id).telegram_id, kind, key, params, now)


def _tell_admins(
    tx: Session, admins: Sequence[int], kind: str, key: str, params: dict[str, Any], now: datetime
) -> None:
    for telegram_id in admins:
        queue(tx, telegram_id, kind, f"admin:{telegram_id}:{key}", params, now)


def queue(tx: Session, telegram_id: int, kind: str, key: str, params: dict[str, Any], now: datetime) -> None:
    """Puts a message into the queue unless its key is there already."""
    row = insert(MessageRow).values(
        key=key, telegram_id=telegram_id, kind=kind, params=params, state="queued", created_at=now
    )
    message_id = tx.scalar(row.on_conflict_do_nothing().returning(MessageRow.id))
    if message_id is not None:
        emit(tx, MessageQueued(message_id=message_id), now)
