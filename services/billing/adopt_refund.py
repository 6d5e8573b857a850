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
from services.platform.errors import TryLater
from services.platform.outbox import emit


def adopt_refund(tx: Session, provider: PaymentProvider, snapshot: RefundSnapshot, now: datetime) -> int | None:
    """The refund that this is: known by its id or key, or the one of this payment whose answer was lost, or one that
    was made elsewhere, which gets a row. None when it is not about a payment of ours, or nothing has gone back yet.
    Raises TryLater while we do not know that its payment was paid."""
    paid = select(PaymentRow.id).where(
        PaymentRow.provider == provider.code, PaymentRow.external_id == snapshot.payment_external_id
    )
    if (payment_id := tx.scalar(paid)) is None:
        return None
    _, payment = lock(tx, payment_id)
    ours = select(RefundRow.id).where(RefundRow.payment_id == payment.id, RefundRow.destination == "provider")
    if known := tx.scalar(ours.where(RefundRow.external_id == snapshot.external_id)):
        return known
    unnamed = ours.where(RefundRow.external_id.is_(None))  # also where a person has told what became of it
    same = unnamed.where(RefundRow.amount_minor == snapshot.amount.minor, RefundRow.state != "failed")
    if snapshot.key is not None:
        same = unnamed.where(func.cast(RefundRow.key, Text) == snapshot.key)
    if found := tx.scalar(same.order_by(RefundRow.id).limit(1)):
        return found
    if snapshot.status != "succeeded":
        return None
    if payment.state != "succeeded":
        raise TryLater(f"payment {payment.id} is refunded there and {payment.state} here")
    return _foreign(tx, payment, snapshot, now)


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
        created_at=snapshot.at or now,
        updated_at=now,
        checks=0,
    )
    tx.add(row)
    tx.flush()
    tx.add(RefundChangeRow(refund_id=row.id, at=now, before=None, after="sending", cause="made at the provider"))
    emit(tx, ForeignRefund(refund_id=row.id, payment_id=payment.id, party=payment.party), now)
    return row.id
