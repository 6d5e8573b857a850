from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.billing.models import InvoiceRow, PaymentRow
from services.billing.providers.base import (
    Capability,
    Declined,
    NextAction,
    NotSent,
    Outcome,
    PaymentProvider,
    Snapshot,
    Unknown,
)
from services.billing.settle import settle
from services.billing.states import OPEN
from services.billing.transitions import fail, lock, move

# Minutes from one question to the next while an attempt is open: for its first hour a lost notification is found within
# five; a page that stays open for long is asked about less often.
CHECK_EVERY = (1, 2, 3, *(5,) * 11, 10, 10, 30)
# Where asking means reading a list, and news comes in signed and stored.
CHECK_SELDOM = (30, 120, 360)
LOST = timedelta(minutes=30)
FORGOTTEN = timedelta(hours=1)  # after its invoice's time: who pays even later gets a person's decision


def record(
    tx: Session, provider: PaymentProvider, payment_id: int, outcome: Outcome, now: datetime, *, cause: str
) -> PaymentRow:
    """Writes what the provider answered. Whatever arrives late, twice or out of order ends in the same state."""
    invoice, payment = lock(tx, payment_id)
    match outcome:
        case NextAction(external_id, url) if payment.external_id in (None, external_id) or external_id is None:
            payment.external_id, payment.pay_url = external_id or payment.external_id, url
            if payment.state in ("sending", "unknown"):
                move(tx, payment, "awaiting_user", now, cause)
        case Snapshot():
            settle(tx, provider, invoice, payment, outcome, now, cause=cause)
        case Declined(code) if payment.external_id is None and payment.state in OPEN:
            fail(tx, payment, "failed", code, now, cause)
        case Declined(code) if payment.method_id is not None and payment.state == "sending":
            fail(tx, payment, "failed", code, now, cause)
        case Declined() if payment.state == "unknown" and payment.pay_url is None and now >= payment.created_at + LOST:
            fail(tx, payment, "failed", "no_answer", now, cause)  # it never arrived there
        case Unknown(error) | NotSent(error) if payment.state == "sending":
            # Not sent this time says nothing about an earlier try with the same key: the question stays open.
            payment.detail = error[:200]
            move(tx, payment, "unknown", now, cause)
        case _:
            pass  # nothing was learned: the next check asks again
    plan_next_check(tx, provider, invoice, payment, now)
    return payment


def plan_next_check(
    tx: Session, provider: PaymentProvider, invoice: InvoiceRow, payment: PaymentRow, now: datetime
) -> None:
    """Both rows are locked by the caller."""
    if payment.state == "awaiting_user" and now >= invoice.valid_until + FORGOTTEN:
        fail(tx, payment, "canceled", "expired_on_confirmation", now, "time")
    if payment.state in OPEN and (payment.check_after is None or payment.check_after <= now):
        pauses = CHECK_EVERY if Capability.FETCH in provider.capabilities else CHECK_SELDOM
        payment.check_after = now + timedelta(minutes=pauses[min(payment.checks, len(pauses) - 1)])
        payment.checks += 1
