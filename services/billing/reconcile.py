"""Asking the provider: after a notification, by schedule, or because the buyer pressed a button."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, select, update
from sqlalchemy.orm import Session

from services.billing.events import NotificationStored, PaymentCheckDue
from services.billing.models import InvoiceRow, NotificationRow, PaymentRow
from services.billing.providers.base import NotSent, Outcome, PaymentProvider, Snapshot, Unknown
from services.billing.record import record
from services.billing.states import OPEN
from services.billing.transitions import fail, lock
from services.billing.views import Payment, seen
from services.billing.views import payment as own_payment
from services.identity import Party
from services.platform.db import Database
from services.platform.errors import TryLater
from services.platform.outbox import emit

KEY_LIFE = timedelta(hours=23)  # providers promise 24
ASK_AGAIN = timedelta(minutes=5)

Providers = Mapping[str, PaymentProvider]


def reconcile(db: Database, providers: Providers, payment_id: int, now: datetime, *, cause: str) -> Payment:
    """Asks the provider about an attempt and applies the answer. Raises TryLater when there was none."""
    with db.begin() as tx:
        attempt = tx.get_one(PaymentRow, payment_id)
        if attempt.state == "succeeded":
            return seen(attempt)
    provider = providers[attempt.provider]
    if attempt.external_id:
        outcome = provider.fetch(attempt.external_id)
    elif now - attempt.created_at < KEY_LIFE:
        outcome = provider.create(attempt.request, attempt.key)
    else:
        return _give_up(db, payment_id, now)
    with db.begin() as tx:
        known = seen(record(tx, provider, payment_id, outcome, now, cause=cause))
    if isinstance(outcome, Unknown | NotSent):
        raise TryLater(f"{attempt.provider}: {outcome.error}")
    return known


def check_payment(db: Database, providers: Providers, party: Party, payment_id: int, now: datetime) -> Payment:
    """The buyer's "check payment": own attempts only. Raises PaymentNotFound or TryLater."""
    with db.begin() as tx:
        known = own_payment(tx, party, payment_id)
    return reconcile(db, providers, payment_id, now, cause="buyer asked") if known.state != "succeeded" else known


def check_notified(db: Database, providers: Providers, event: NotificationStored, now: datetime) -> None:
    """Follows up a stored notification. One whose payment we do not know by its id may be the lost answer of an
    attempt: the key in the provider's own answer tells. Raises TryLater."""
    with db.begin() as tx:
        notice = tx.get_one(NotificationRow, event.notification_id)
        known = tx.scalar(_of(notice).where(PaymentRow.external_id == notice.external_id))
    if known is None:
        provider = providers[notice.provider]
        answer = provider.fetch(notice.external_id)
        known = _adopt(db, notice, answer)
        if known is not None:
            with db.begin() as tx:
                record(tx, provider, known, answer, now, cause=notice.kind)
        return
    reconcile(db, providers, known, now, cause=notice.kind)


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


def _of(notice: NotificationRow) -> Select[int]:
    return select(PaymentRow.id).where(PaymentRow.provider == notice.provider)


def _adopt(db: Database, notice: NotificationRow, answer: Outcome) -> int | None:
    if not isinstance(answer, Snapshot) or not answer.key:
        return None
    try:
        key = uuid.UUID(answer.key)
    except ValueError:
        return None
    with db.begin() as tx:
        return tx.scalar(_of(notice).where(PaymentRow.key == key, PaymentRow.external_id.is_(None)))


def _give_up(db: Database, payment_id: int, now: datetime) -> Payment:
    """Nobody ever saw this attempt's page, and its key is too old to ask with."""
    with db.begin() as tx:
        _, payment = lock(tx, payment_id)
        if payment.external_id is None and payment.state in OPEN:
            fail(tx, payment, "failed", "no_answer", now, "key too old")
            payment.check_after = None
        return seen(payment)
