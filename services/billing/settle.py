"""Where a provider's word becomes money."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from services import ledger
from services.billing.accounts import clearing, fees, held, revenue
from services.billing.events import InvoicePaid, PaymentAuthorized, PaymentNeedsDecision
from services.billing.methods import remember
from services.billing.models import InvoiceRow, PaymentRow
from services.billing.providers.base import PaymentProvider, Snapshot
from services.billing.states import OPEN
from services.billing.transitions import fail, move
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
    if strange := strangeness(provider, payment, snapshot):
        log.error("payment_answer_is_not_ours", payment=payment.id, external_id=snapshot.external_id, what=strange)
        return
    if payment.external_id is None:
        payment.external_id = snapshot.external_id
    if snapshot.status == "succeeded":
        if move(tx, payment, "succeeded", now, cause):
            _take(tx, invoice, payment, snapshot, now)
        else:
            book_fee(tx, payment, snapshot.fee, now)
    elif snapshot.status == "canceled":
        if payment.state in OPEN:
            fail(tx, payment, "canceled", snapshot.reason or "canceled", now, cause)
    elif snapshot.status == "authorized":
        if payment.state in ("sending", "unknown", "awaiting_user") and move(tx, payment, "authorized", now, cause):
            emit(tx, PaymentAuthorized(payment_id=payment.id), now)
    elif payment.state in ("sending", "unknown"):
        payment.pay_url = payment.pay_url or snapshot.url
        move(tx, payment, snapshot.status, now, cause)


def strangeness(provider: PaymentProvider, payment: PaymentRow, snapshot: Snapshot) -> str | None:
    """Names what shows that this answer does not belong to this attempt."""
    if payment.external_id not in (None, snapshot.external_id):
        return "external id"
    known_by_id = snapshot.key is None and payment.external_id is not None
    if not known_by_id and snapshot.key != str(payment.wire_key or payment.key):
        return "key"
    if snapshot.merchant != provider.merchant:
        return "shop"
    if snapshot.test != provider.expects_test:
        return "test flag"
    return None


def book_fee(tx: Session, payment: PaymentRow, fee: Money | None, now: datetime) -> None:
    """What the provider keeps, when it tells only after the payment; once."""
    if fee is None or payment.fee_minor is not None or fee.currency != payment.received_currency:
        return
    payment.fee_minor = fee.minor
    if fee.minor:
        entries = [ledger.Entry(fees(payment), fee), ledger.Entry(clearing(payment), -fee)]
        ledger.post(tx, kind="fee", reference=str(payment.id), entries=entries, now=now)


def _take(tx: Session, invoice: InvoiceRow, payment: PaymentRow, snapshot: Snapshot, now: datetime) -> None:
    """What came is in the books whatever it is for; only the exact price of an open invoice pays it."""
    came = snapshot.amount
    payment.succeeded_at, payment.received_minor, payment.received_currency = now, came.minor, came.currency
    if payment.save and snapshot.method:
        remember(tx, payment, snapshot.method, now)
    if came != invoice.amount:
        payment.decision = "amount"
    elif invoice.state != "open":
        payment.decision = "double" if invoice.state == "paid" else "late"
    else:
        invoice.state, invoice.paid_at = "paid", now
    income = held(payment) if payment.decision else revenue(invoice)
    fee = snapshot.fee if snapshot.fee and snapshot.fee.currency == came.currency else None
    entries = [ledger.Entry(clearing(payment), came - fee if fee else came), ledger.Entry(income, -came)]
    if fee is not None:
        payment.fee_minor = fee.minor
        entries.append(ledger.Entry(fees(payment), fee))
    nonzero = [entry for entry in entries if entry.amount.minor]
    ledger.post(tx, kind="payment", reference=str(payment.id), entries=nonzero, now=now)
    if payment.decision:
        trouble = PaymentNeedsDecision(payment_id=payment.id, party=payment.party, reason=payment.decision)
        emit(tx, trouble, now)
    else:
        emit(tx, InvoicePaid(invoice_id=invoice.id, payment_id=payment.id, party=invoice.party), now)
