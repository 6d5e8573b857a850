"""Where a provider's word becomes money."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from services import ledger
from services.billing.events import InvoicePaid, PaymentNeedsDecision
from services.billing.models import InvoiceRow, PaymentRow
from services.billing.providers.base import PaymentProvider, Snapshot
from services.billing.states import OPEN
from services.billing.transitions import fail, move
from services.catalog import Quote
from services.platform.money import Money
from services.platform.outbox import emit

log = structlog.get_logger(__name__)


def settle(
    tx: Session,
    provider: PaymentProvider,
    invoice: InvoiceRow,
    payment: PaymentRow,
    snapshot: Snapshot,
    now: datetime,
    *,
    cause: str,
) -> None:
    """Applies the provider's answer about an attempt; both rows are locked by the caller. The same answer twice
    changes nothing, an answer about somebody else's payment neither."""
    if strange := _strangeness(provider, payment, snapshot):
        log.error("payment_answer_is_not_ours", payment=payment.id, external_id=snapshot.external_id, what=strange)
        return
    payment.external_id = snapshot.external_id
    if snapshot.status == "succeeded":
        if move(tx, payment, "succeeded", now, cause):
            _book(tx, invoice, payment, snapshot.amount, now)
    elif snapshot.status == "canceled":
        if payment.state in OPEN:
            fail(tx, payment, "canceled", snapshot.reason or "canceled", now, cause)
    elif payment.state in ("sending", "unknown") or (payment.state, snapshot.status) == ("awaiting_user", "authorized"):
        move(tx, payment, snapshot.status, now, cause)


def _strangeness(provider: PaymentProvider, payment: PaymentRow, snapshot: Snapshot) -> str | None:
    """Names what shows that this answer does not belong to this attempt."""
    if payment.external_id not in (None, snapshot.external_id):
        return "external id"
    if snapshot.key != str(payment.key):
        return "key"
    if snapshot.merchant != provider.merchant:
        return "shop"
    if snapshot.test != provider.expects_test:
        return "test flag"
    return None


def _book(tx: Session, invoice: InvoiceRow, payment: PaymentRow, came: Money, now: datetime) -> None:
    """What came is in the books whatever it is for; only the exact price of an open invoice pays it."""
    if came != invoice.amount:
        payment.decision = "amount"
    elif invoice.state != "open":
        payment.decision = "double" if invoice.state == "paid" else "late"
    income = f"held:{payment.party}" if payment.decision else f"revenue:{Quote.from_json(invoice.quote).product}"
    ledger.post(
        tx,
        kind="payment",
        reference=str(payment.id),
        entries=[ledger.Entry(f"clearing:{payment.provider}", came), ledger.Entry(income, -came)],
        now=now,
    )
    if payment.decision:
        trouble = PaymentNeedsDecision(payment_id=payment.id, party=payment.party, reason=payment.decision)
        emit(tx, trouble, now)
    else:
        invoice.state, invoice.paid_at = "paid", now
        emit(tx, InvoicePaid(invoice_id=invoice.id, payment_id=payment.id, party=invoice.party), now)
