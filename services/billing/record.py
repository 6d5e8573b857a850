from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.billing.models import PaymentRow
from services.billing.providers.base import Declined, NextAction, NotSent, Outcome, PaymentProvider, Snapshot, Unknown
from services.billing.settle import settle
from services.billing.states import OPEN
from services.billing.transitions import fail, lock, move

# Minutes from one question to the next while an attempt is open: a lost notification is found within five.
CHECK_EVERY = (1, 2, 3, 5)


def record(
    tx: Session, provider: PaymentProvider, payment_id: int, outcome: Outcome, now: datetime, *, cause: str
) -> PaymentRow:
    """Writes what the provider answered. Whatever arrives late, twice or out of order ends in the same state."""
    invoice, payment = lock(tx, payment_id)
    match outcome:
        case NextAction(external_id, url) if payment.external_id in (None, external_id):
            payment.external_id, payment.pay_url = external_id, url
            if payment.state in ("sending", "unknown"):
                move(tx, payment, "awaiting_user", now, cause)
        case Snapshot():
            settle(tx, provider, invoice, payment, outcome, now, cause=cause)
        case Declined(code) if payment.external_id is None and payment.state in OPEN:
            fail(tx, payment, "failed", code, now, cause)
        case Unknown(error) | NotSent(error) if payment.state == "sending":
            # Not sent this time says nothing about an earlier try with the same key: the question stays open.
            payment.detail = error[:200]
            move(tx, payment, "unknown", now, cause)
        case _:
            pass  # nothing was learned: the next check asks again
    _plan_next_check(payment, now)
    return payment


def _plan_next_check(payment: PaymentRow, now: datetime) -> None:
    if payment.state not in OPEN:
        payment.check_after = None
    elif payment.check_after is None or payment.check_after <= now:
        payment.check_after = now + timedelta(minutes=CHECK_EVERY[min(payment.checks, len(CHECK_EVERY) - 1)])
        payment.checks += 1
