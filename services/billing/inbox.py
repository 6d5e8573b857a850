from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.events import NotificationStored
from services.billing.models import NotificationRow, PaymentRow, RefundRow
from services.billing.providers.base import IGNORED, Notice, PaymentProvider, RawNotice
from services.billing.states import OPEN
from services.platform.outbox import emit

ANSWER_TIME = timedelta(seconds=30)  # after which the answer to a checkout counts as lost
QUIET = timedelta(seconds=10)  # a storm of repetitions asks the provider once


@dataclass(frozen=True, slots=True)
class Accepted:
    """`answer` is the text that the provider wants to hear; `announced`: it may matter, so it is being followed up."""

    answer: str
    announced: bool


def accept_notification(tx: Session, provider: PaymentProvider, raw: RawNotice, now: datetime) -> Accepted:
    """Stores a notification as it came and announces it when it may matter. Nothing moves here. Raises
    BadNotification."""
    notice = provider.read_notification(raw)
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
        return Accepted(notice.answer, announced=False)
    if not _may_matter(tx, provider, notice, now):
        return Accepted(notice.answer, announced=False)
    stored.announced_at = now
    emit(tx, NotificationStored(notification_id=stored.id), now)
    return Accepted(notice.answer, announced=True)


def purge_notifications(tx: Session, before: datetime, limit: int = 10_000) -> int:
    """Deletes what arrived before then: the truth is the provider's answer, in the payment and its journal."""
    old = select(NotificationRow.id).where(NotificationRow.received_at < before).limit(limit)
    gone = delete(NotificationRow).where(NotificationRow.id.in_(old))
    return len(tx.execute(gone.returning(NotificationRow.id)).all())


def _may_matter(tx: Session, provider: PaymentProvider, notice: Notice, now: datetime) -> bool:
    """It names an attempt of ours that is not paid yet, or one of ours lost its answer and may be this one. Anybody
    can post what is not signed: an id we never heard of must not make us call the provider."""
    ours = PaymentRow.provider == provider.code
    if notice.kind == IGNORED:
        return False
    if notice.kind.startswith("refund"):
        return _refund_may_matter(tx, provider, notice)
    state = tx.scalar(select(PaymentRow.state).where(ours, PaymentRow.external_id == notice.external_id))
    if state is not None:
        return state != "succeeded"
    if notice.signed:
        return True
    on_its_way = (PaymentRow.state == "sending") & (PaymentRow.created_at > now - ANSWER_TIME)
    lost = select(PaymentRow.id).where(ours, PaymentRow.external_id.is_(None), PaymentRow.state.in_(OPEN), ~on_its_way)
    return tx.scalar(lost.limit(1)) is not None


def _refund_may_matter(tx: Session, provider: PaymentProvider, notice: Notice) -> bool:
    """Of an unsigned one the payment that it claims to be about must be a paid one of ours."""
    ours = RefundRow.provider == provider.code
    if state := tx.scalar(select(RefundRow.state).where(ours, RefundRow.external_id == notice.external_id)):
        return state != "succeeded"
    if notice.signed:
        return True
    paid = select(PaymentRow.id).where(PaymentRow.provider == provider.code, PaymentRow.state == "succeeded")
    return notice.about is not None and tx.scalar(paid.where(PaymentRow.external_id == notice.about)) is not None
