from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import billing
from services.platform.errors import TryLater
from services.platform.outbox import emit
from services.subscriptions.events import SubscriptionExpired, SubscriptionShortened
from services.subscriptions.models import SubscriptionChangeRow, SubscriptionRow
from services.subscriptions.timeline import NOTHING, Change, share, stretches


def shorten_after_refund(tx: Session, event: billing.PaymentRefunded, now: datetime) -> None:
    """Takes back the days of the refunded order, and only those; what other orders paid for moves up. Ends the
    subscription when nothing is left. The same refund again changes nothing. Raises TryLater while the order has not
    been given its days."""
    if not event.shorten:
        return
    if tx.scalar(select(SubscriptionChangeRow.id).where(SubscriptionChangeRow.refund_id == event.refund_id)):
        return
    row = _of_invoice(tx, event.invoice_id)
    if row is None:
        raise TryLater(f"invoice {event.invoice_id} has not extended its subscription yet")
    minor = event.of_minor if event.full else event.minor  # what is left of the days goes with the last of the money
    taken = _taken(tx, row, event.invoice_id, minor, event.of_minor, now)
    if taken == NOTHING:
        return
    before = row.ends_at
    row.ends_at = max(before - taken, now)
    if row.ends_at.day != min(row.anchor_day, monthrange(row.ends_at.year, row.ends_at.month)[1]):
        row.anchor_day = row.ends_at.day
    tx.add(
        SubscriptionChangeRow(
            subscription_id=row.id,
            at=now,
            kind="shortened",
            refund_id=event.refund_id,
            ended_at=before,
            ends_at=row.ends_at,
        )
    )
    if row.ends_at > now:
        emit(tx, SubscriptionShortened(subscription_id=row.id, party=row.party, ends_at=row.ends_at), now)
    elif row.state == "active":
        row.state = "expired"
        ended = SubscriptionChangeRow(
            subscription_id=row.id, at=now, kind="expired", ended_at=row.ends_at, ends_at=row.ends_at
        )
        tx.add(ended)
        emit(tx, SubscriptionExpired(subscription_id=row.id, party=row.party, ends_at=row.ends_at, refunded=True), now)


def end_after_refund(
    tx: Session, invoice_id: int, minor: int, of_minor: int, now: datetime
) -> tuple[datetime, datetime] | None:
    """The end as it is and as it would be after a refund of `minor` of `of_minor` that takes the order's days. None
    when the invoice bought no time that is still running."""
    row = _of_invoice(tx, invoice_id)
    if row is None or row.state != "active":
        return None
    return row.ends_at, max(row.ends_at - _taken(tx, row, invoice_id, minor, of_minor, now), now)


def _of_invoice(tx: Session, invoice_id: int) -> SubscriptionRow | None:
    bought = select(SubscriptionChangeRow.subscription_id).where(SubscriptionChangeRow.invoice_id == invoice_id)
    subscription_id = tx.scalar(bought)
    return tx.get(SubscriptionRow, subscription_id, with_for_update=True) if subscription_id else None


def _taken(tx: Session, row: SubscriptionRow, invoice_id: int, minor: int, of_minor: int, now: datetime) -> timedelta:
    journal = select(SubscriptionChangeRow).where(SubscriptionChangeRow.subscription_id == row.id)
    changes = [
        Change(
            line.kind,
            line.at,
            _invoice_of(tx, line),
            line.ended_at,
            line.ends_at,
            line.ended_at - line.ends_at if line.kind == "shortened" and line.ended_at else NOTHING,
        )
        for line in tx.scalars(journal.order_by(SubscriptionChangeRow.id))
    ]
    return share(stretches(changes), invoice_id, now, minor, of_minor)


def _invoice_of(tx: Session, line: SubscriptionChangeRow) -> int | None:
    if line.refund_id is None:
        return line.invoice_id
    return billing.any_payment(tx, billing.refund(tx, line.refund_id).payment_id).invoice_id
