from __future__ import annotations

from sqlalchemy.orm import Session

from services import billing, subscriptions

INVOICE = "invoice:"


def paid_for(tx: Session, subscription_id: int) -> billing.Payment | None:
    """The payment that brought a subscription time the last time; None where it was given."""
    bought = [line.by for line in subscriptions.history(tx, subscription_id) if line.by and line.by.startswith(INVOICE)]
    if not bought:
        return None
    try:
        return billing.payment_of_invoice(tx, int(bought[-1].removeprefix(INVOICE)))
    except billing.PaymentNotFound:
        return None
