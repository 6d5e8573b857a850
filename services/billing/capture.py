from __future__ import annotations

import uuid
from datetime import datetime

from services.billing.events import PaymentAuthorized
from services.billing.models import InvoiceRow, PaymentRow
from services.billing.providers.base import NotSent, Unknown
from services.billing.reconcile import Providers, configured, no_answer
from services.billing.record import record
from services.platform.db import Database


def capture_or_cancel(db: Database, providers: Providers, event: PaymentAuthorized, now: datetime) -> None:
    """Takes held money while its invoice is open, lets it go otherwise: what is late or twice is never taken at all.
    Both carry keys of their own, so repeating is harmless. Raises TryLater."""
    with db.begin() as tx:
        payment = tx.get_one(PaymentRow, event.payment_id)
        invoice = tx.get_one(InvoiceRow, payment.invoice_id)
    if payment.state != "authorized" or payment.external_id is None:
        return
    provider = configured(providers, payment.provider)
    if invoice.state == "open":
        outcome = provider.capture(payment.external_id, payment.amount, uuid.uuid5(payment.key, "capture"))
    else:
        outcome = provider.cancel(payment.external_id, uuid.uuid5(payment.key, "cancel"))
    if isinstance(outcome, Unknown | NotSent):
        raise no_answer(provider, outcome)
    with db.begin() as tx:
        record(tx, provider, payment.id, outcome, now, cause="capture")
