from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.events import NotificationStored
from services.billing.models import NotificationRow, PaymentRow
from services.billing.providers.base import PaymentProvider
from services.billing.states import OPEN
from services.platform.outbox import emit

ANSWER_TIME = timedelta(seconds=30)  # after which the answer to a checkout counts as lost
QUIET = timedelta(seconds=10)  # a storm of repetitions asks the provider once


def accept_notification(tx: Session, provider: PaymentProvider, body: bytes, now: datetime) -> bool:
    """Stores a notification as it came and announces it when it may matter. Nothing is believed here. Returns whether
    it was announced. Raises BadNotification."""
    notice = provider.read_notification(body)
    row = insert(NotificationRow).values(
        provider=provider.code,
        kind=notice.kind,
        external_id=notice.external_id,
        body=notice.body,
        received_at=now,
        announced_at=now,
        times=1,
    )
    repeated = {"times": NotificationRow.times + 1}
    stored = tx.scalars(
        row.on_conflict_do_update(index_elements=["provider", "external_id", "kind"], set_=repeated).returning(
            NotificationRow
        )
    ).one()
    if stored.times > 1 and now - stored.announced_at < QUIET:
        return False
    if not _may_matter(tx, provider, notice.external_id, now):
        return False
    stored.announced_at = now
    emit(tx, NotificationStored(notification_id=stored.id), now)
    return True


def purge_notifications(tx: Session, before: datetime, limit: int = 10_000) -> int:
    """Deletes what arrived before then: the truth is the provider's answer, in the payment and its journal."""
    old = select(NotificationRow.id).where(NotificationRow.received_at < before).limit(limit)
    gone = delete(NotificationRow).where(NotificationRow.id.in_(old))
    return len(tx.execute(gone.returning(NotificationRow.id)).all())


def _may_matter(tx: Session, provider: PaymentProvider, external_id: str, now: datetime) -> bool:
    """It names an attempt of ours that is not paid yet, or one of ours lost its answer and may be this one. Anybody
    can post here: an id we never heard of must not make us call the provider."""
    ours = PaymentRow.provider == provider.code
    state = tx.scalar(select(PaymentRow.state).where(ours, PaymentRow.external_id == external_id))
    if state is not None:
        return state != "succeeded"
    on_its_way = (PaymentRow.state == "sending") & (PaymentRow.created_at > now - ANSWER_TIME)
    lost = select(PaymentRow.id).where(ours, PaymentRow.external_id.is_(None), PaymentRow.state.in_(OPEN), ~on_its_way)
    return tx.scalar(lost.limit(1)) is not None
