from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from services import billing
from services.platform.errors import KioskError
from services.platform.outbox import emit
from services.provisioning.events import AccessSoldOut, SaleUndone


def undo_sale(
    tx: Session, event: AccessSoldOut, now: datetime, providers: Mapping[str, billing.PaymentProvider]
) -> None:
    """Gives back all that was paid for what was sold out, once; the order's days and whatever else it brought go with
    it, as with every refund. Where that cannot be ordered, `SaleUndone` says so."""
    payment = billing.payment_of_invoice(tx, event.invoice_id)
    refund_id, why_not = 0, ""
    try:
        if payment.provider not in providers:
            raise billing.ProviderOff(payment.provider)
        with tx.begin_nested():
            refund_id = billing.request_refund(
                tx,
                providers[payment.provider],
                payment.id,
                reason="sold out when it was paid",
                actor="rule:sold_out",
                now=now,
                reference=f"sold_out:{event.invoice_id}",
            )
    except billing.NotRefundable:
        return  # somebody was quicker: it has gone back, and that is told
    except KioskError as error:
        why_not = error.code
    news = SaleUndone(
        grant_id=event.grant_id,
        subscription_id=event.subscription_id,
        invoice_id=event.invoice_id,
        payment_id=payment.id,
        party=event.party,
        refund_id=refund_id,
        why_not=why_not,
    )
    emit(tx, news, now)
