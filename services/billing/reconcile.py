"""Asking the provider: after a notification, by schedule, or because the buyer pressed a button."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from services.billing.adopt import adopt, note_renewal
from services.billing.adopt_refund import adopt_refund
from services.billing.ask import ask, is_hopeless
from services.billing.events import NotificationStored, PaymentCheckDue
from services.billing.methods import may_charge
from services.billing.models import InvoiceRow, NotificationRow, PaymentRow
from services.billing.providers.base import (
    Capability,
    NotSent,
    PaymentProvider,
    RefundSnapshot,
    Renewal,
    Snapshot,
    Unknown,
)
from services.billing.record import plan_next_check, record
from services.billing.refunding import record_refund
from services.billing.states import OPEN
from services.billing.transitions import fail, lock
from services.billing.views import Payment, seen
from services.billing.views import payment as own_payment
from services.identity import Party
from services.platform.db import Database
from services.platform.errors import TryLater
from services.platform.outbox import emit

log = structlog.get_logger(__name__)
ASK_AGAIN = timedelta(minutes=5)

Providers = Mapping[str, PaymentProvider]


def reconcile(db: Database, providers: Providers, payment_id: int, now: datetime, *, cause: str) -> Payment:
    """Asks the provider about an attempt and applies the answer. Raises TryLater when there was none."""
    with db.begin() as tx:
        attempt = tx.get_one(PaymentRow, payment_id)
        may_send = may_charge(tx, attempt)
    if attempt.state == "succeeded":
        return seen(attempt)
    provider = configured(providers, attempt.provider)
    outcome = ask(provider, attempt, now, may_send=may_send)
    if outcome is None:
        return _nothing_there(db, provider, payment_id, now)
    with db.begin() as tx:
        known = seen(record(tx, provider, payment_id, outcome, now, cause=cause))
    if isinstance(outcome, Unknown | NotSent):
        raise no_answer(provider, outcome)
    return known


def check_payment(db: Database, providers: Providers, party: Party, payment_id: int, now: datetime) -> Payment:
    """The buyer's "check payment": own attempts only. Raises PaymentNotFound or TryLater."""
    with db.begin() as tx:
        known = own_payment(tx, party, payment_id)
    return reconcile(db, providers, payment_id, now, cause="buyer asked") if known.state != "succeeded" else known


def check_notified(db: Database, providers: Providers, event: NotificationStored, now: datetime) -> None:
    """Follows up a stored notification: believes what is signed, asks about the rest. One whose payment we do not know
    by its id may be the lost answer of an attempt: the key in the provider's own answer tells. Raises TryLater."""
    with db.begin() as tx:
        notice = tx.get_one(NotificationRow, event.notification_id)
    provider = configured(providers, notice.provider)
    answer = provider.evidence(notice.kind, notice.body) or _asked(provider, notice)
    with db.begin() as tx:
        match answer:
            case Snapshot():
                payment_id = adopt(tx, provider, answer, now)
                if payment_id is not None:
                    record(tx, provider, payment_id, answer, now, cause=notice.kind)
                elif answer.status == "succeeded":
                    log.error("payment_of_nobody", provider=provider.code, external_id=answer.external_id)
            case RefundSnapshot():
                refund_id = adopt_refund(tx, provider, answer, now)
                if refund_id is not None:
                    record_refund(tx, refund_id, answer, now, cause=notice.kind)
            case Renewal():
                note_renewal(tx, provider, answer, now)


def schedule_checks(tx: Session, now: datetime) -> int:
    """Announces every open attempt whose time to be asked about has come. Returns how many."""
    due = select(PaymentRow).where(PaymentRow.check_after <= now).order_by(PaymentRow.check_after).limit(500)
    rows = tx.scalars(due.with_for_update(skip_locked=True)).all()
    for row in rows:
        emit(tx, PaymentCheckDue(payment_id=row.id), now)
        row.check_after = now + ASK_AGAIN  # unless the answer plans it sooner
    return len(rows)


def expire_invoices(tx: Session, now: datetime) -> int:
    """Closes invoices whose time is over and that nobody can still be paying. Returns how many."""
    still_open = exists().where(PaymentRow.invoice_id == InvoiceRow.id, PaymentRow.state.in_(OPEN))
    over = update(InvoiceRow).where(InvoiceRow.state == "open", InvoiceRow.valid_until <= now, ~still_open)
    return len(tx.execute(over.values(state="expired").returning(InvoiceRow.id)).all())


def configured(providers: Providers, code: str) -> PaymentProvider:
    """Raises TryLater: its money is looked after again once an operator puts it back into PAYMENT_PROVIDERS."""
    if code not in providers:
        raise TryLater(f"{code} is not in PAYMENT_PROVIDERS, and has open business")
    return providers[code]


def no_answer(provider: PaymentProvider, outcome: Unknown | NotSent) -> TryLater:
    return TryLater(f"{provider.code}: {outcome.error}", after=outcome.after if isinstance(outcome, NotSent) else None)


def _asked(provider: PaymentProvider, notice: NotificationRow) -> Snapshot | RefundSnapshot | None:
    if Capability.FETCH not in provider.capabilities:
        return None
    about_refund = notice.kind.startswith("refund")
    answer = provider.fetch_refund(notice.external_id) if about_refund else provider.fetch(notice.external_id)
    if isinstance(answer, Unknown | NotSent):
        raise no_answer(provider, answer)
    return answer if isinstance(answer, Snapshot | RefundSnapshot) else None


def _nothing_there(db: Database, provider: PaymentProvider, payment_id: int, now: datetime) -> Payment:
    with db.begin() as tx:
        invoice, payment = lock(tx, payment_id)
        if payment.state in OPEN and is_hopeless(provider, payment, now):
            fail(tx, payment, "failed", "no_answer", now, "nothing found")
        plan_next_check(tx, provider, invoice, payment, now)
        return seen(payment)
