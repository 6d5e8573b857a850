"""A refund that the provider tells of: which of ours it is, or a row for one that was made elsewhere."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Text, func, select
from sqlalchemy.orm import Session

from services.billing.events import ForeignRefund
from services.billing.models import PaymentRow, RefundChangeRow, RefundRow
from services.billing.providers.base import PaymentProvider, RefundSnapshot
from services.billing.transitions import lock
from services.platform.outbox import emit


def adopt_refund(tx: Session, provider: PaymentProvider, snapshot: RefundSnapshot, now: datetime) -> int | None:
    """The refund that this is: known by its id or key, or the one of this payment whose answer was lost, or one that
    was made elsewhere, which gets a row. None when it is not about a payment of ours, or nothing has gone back yet."""
    paid = select(PaymentRow.id).where(
        PaymentRow.provider == provider.code, PaymentRow.external_id == snapshot.payment_external_id
    )
    if (payment_id := tx.scalar(paid)) is None:
        return None
    _, payment = lock(tx, payment_id)
    ours = select(RefundRow.id).where(RefundRow.payment_id == payment.id, RefundRow.destination == "provider")
    if known := tx.scalar(ours.where(RefundRow.external_id == snapshot.external_id)):
        return known
    unanswered = ours.where(RefundRow.external_id.is_(None), RefundRow.state.in_(("requested", "sending", "unknown")))
    same = unanswered.where(RefundRow.amount_minor == snapshot.amount.minor)
    if snapshot.key is not None:
        same = unanswered.where(func.cast(RefundRow.key, Text) == snapshot.key)
    if found := tx.scalar(same.order_by(RefundRow.id).limit(1)):
        return found
    return _foreign(tx, payment, snapshot, now) if snapshot.status == "succeeded" else None


def _foreign(tx: Session, payment: PaymentRow, snapshot: RefundSnapshot, now: datetime) -> int:
    row = RefundRow(
        payment_id=payment.id,
        party=payment.party,
        provider=payment.provider,
        destination="provider",
        state="sending",
        amount_minor=snapshot.amount.minor,
        currency=snapshot.amount.currency,
        key=uuid.uuid4(),
        request={},
        external_id=snapshot.external_id,
        access="keep",
        reason="made at the provider",
        actor=f"provider:{payment.provider}",
        created_at=now,
        updated_at=now,
        checks=0,
    )
    tx.add(row)
    tx.flush()
    tx.add(RefundChangeRow(refund_id=row.id, at=now, before=None, after="sending", cause="made at the provider"))
    emit(tx, ForeignRefund(refund_id=row.id, payment_id=payment.id, party=payment.party), now)
    return row.id
