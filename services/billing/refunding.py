"""A refund on its way: sent, asked about until it ends, booked once. Killed at any point it goes on where it was."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Text, func, select
from sqlalchemy.orm import Session

from services import ledger
from services.billing.accounts import clearing, held, revenue, wallet
from services.billing.ask import KEY_LIFE
from services.billing.events import ForeignRefund, PaymentRefunded, RefundCheckDue, RefundFailed
from services.billing.models import InvoiceRow, PaymentRow, RefundChangeRow, RefundRow
from services.billing.providers.base import (
    BUSY,
    Capability,
    Declined,
    NotSent,
    PaymentProvider,
    RefundOutcome,
    RefundSnapshot,
    Unknown,
)
from services.billing.states import ON_ITS_WAY
from services.billing.transitions import lock, lock_refund, move_refund
from services.platform.db import Database
from services.platform.errors import Misconfigured, TryLater
from services.platform.outbox import emit

log = structlog.get_logger(__name__)
CHECK_EVERY = timedelta(minutes=30)
ANSWER_TIME = timedelta(seconds=60)  # after which a call that left no answer counts as lost


def continue_refund(db: Database, providers: Mapping[str, PaymentProvider], refund_id: int, now: datetime) -> None:
    """Does the next step of a refund: sends it, or asks about it. Where the provider cannot tell two requests from one,
    a call without an answer is never repeated: a person decides. Raises TryLater."""
    with db.begin() as tx:
        _, _, refund = lock_refund(tx, refund_id)
        if refund.state not in ON_ITS_WAY or refund.destination != "provider":
            return
        provider = providers.get(refund.provider)
        if provider is None:
            raise TryLater(f"{refund.provider} is not in PAYMENT_PROVIDERS")
        first = refund.state == "requested"
        if first:
            move_refund(tx, refund, "sending", now, "sent")
        young = now - refund.created_at < KEY_LIFE
        repeatable = Capability.REFUND_SAME_KEY in provider.capabilities and young
        if not first and not repeatable and refund.state == "sending" and now - refund.updated_at < ANSWER_TIME:
            raise TryLater("another worker may be at it", after=ANSWER_TIME.total_seconds())
    if first or (repeatable and refund.state in ("sending", "unknown")):
        outcome: RefundOutcome = provider.refund(refund.request, refund.key)
    else:
        outcome = _ask(db, provider, refund, now)
    with db.begin() as tx:
        record_refund(tx, refund_id, outcome, now, cause="answer", is_certain=first or repeatable)
    if isinstance(outcome, NotSent) or (isinstance(outcome, Unknown) and repeatable):
        raise TryLater(f"{provider.code}: {outcome.error}", after=1.0 if outcome.error == BUSY else None)


def record_refund(
    tx: Session, refund_id: int, outcome: RefundOutcome, now: datetime, *, cause: str, is_certain: bool = True
) -> None:
    """Writes what the provider answered; the same answer twice changes nothing. `is_certain`: a NotSent means that it
    was never sent, not only this time."""
    invoice, payment, refund = lock_refund(tx, refund_id)
    match outcome:
        case RefundSnapshot() if _is_strange(payment, refund, outcome):
            log.error("refund_answer_is_not_ours", refund=refund.id, external_id=outcome.external_id)
        case RefundSnapshot(external_id=external_id, status=status):
            refund.external_id = external_id
            if status != "pending" or refund.state not in ("succeeded", "canceled", "failed"):
                _move_on(tx, invoice, payment, refund, status, outcome.reason, now, cause)
        case Declined(code) if refund.state in ("sending", "unknown") and refund.external_id is None:
            _move_on(tx, invoice, payment, refund, "failed", code, now, cause)
        case NotSent(error) if refund.state == "sending" and is_certain:
            refund.detail = error[:200]
            move_refund(tx, refund, "requested", now, cause)
        case Unknown(error) if refund.state == "sending":
            refund.detail = error[:200]
            move_refund(tx, refund, "unknown", now, cause)
            _announce_failure(tx, payment, refund, now)
        case _:
            pass
    open_one = refund.state in ("unknown", "pending")
    refund.check_after = now + CHECK_EVERY if open_one else None


def resolve_refund(tx: Session, refund_id: int, *, done: bool, actor: str, now: datetime) -> None:
    """A person has looked at the provider's cabinet and tells what became of a refund that nobody could tell about."""
    invoice, payment, refund = lock_refund(tx, refund_id)
    if refund.state in ("sending", "unknown", "pending"):
        status = "succeeded" if done else "canceled"
        _move_on(tx, invoice, payment, refund, status, None if done else "not done", now, actor)
        refund.check_after = None


def schedule_refund_checks(tx: Session, now: datetime) -> int:
    """Announces refunds that are on their way for long: nobody notifies of one that was canceled. Returns how many."""
    due = select(RefundRow).where(RefundRow.check_after <= now).order_by(RefundRow.check_after).limit(200)
    rows = tx.scalars(due.with_for_update(skip_locked=True)).all()
    for row in rows:
        emit(tx, RefundCheckDue(refund_id=row.id), now)
        row.check_after = now + CHECK_EVERY
    return len(rows)


def adopt_refund(tx: Session, provider: PaymentProvider, snapshot: RefundSnapshot, now: datetime) -> int | None:
    """The refund that this is: known by its id or key, or the one of this payment whose answer was lost, or one that
    was made elsewhere, which gets a row. None when it is not about a payment of ours, or nothing has gone back yet."""
    paid = select(PaymentRow.id).where(
        PaymentRow.provider == provider.code, PaymentRow.external_id == snapshot.payment_external_id
    )
    if (payment_id := tx.scalar(paid)) is None:
        return None
    _, payment = lock(tx, payment_id)
    ours = select(RefundRow.id).where(RefundRow.payment_id == payment.id, RefundRow.destination == "provider")
    if known := tx.scalar(ours.where(RefundRow.external_id == snapshot.external_id)):
        return known
    unanswered = ours.where(RefundRow.external_id.is_(None), RefundRow.state.in_(("requested", "sending", "unknown")))
    same = unanswered.where(RefundRow.amount_minor == snapshot.amount.minor)
    if snapshot.key is not None:
        same = unanswered.where(func.cast(RefundRow.key, Text) == snapshot.key)
    if found := tx.scalar(same.order_by(RefundRow.id).limit(1)):
        return found
    return _foreign(tx, payment, snapshot, now) if snapshot.status == "succeeded" else None


def book_refund(tx: Session, invoice: InvoiceRow, payment: PaymentRow, refund: RefundRow, now: datetime) -> None:
    """The money is back: into the books, and told."""
    assert payment.received is not None
    applied = payment.decision is None or payment.decided == "apply"
    source = revenue(invoice) if applied else held(payment)
    if payment.decided == "keep" and not ledger.find(tx, kind="refund_reserve", reference=str(refund.id)):
        source = wallet(payment.party)  # taken back elsewhere, perhaps after it was spent
    target = clearing(payment) if refund.destination == "provider" else wallet(payment.party)
    entries = [ledger.Entry(source, refund.amount), ledger.Entry(target, -refund.amount)]
    ledger.post(tx, kind="refund", reference=str(refund.id), entries=entries, now=now, may_overdraw=True)
    tx.flush()
    back = select(func.sum(RefundRow.amount_minor)).where(
        RefundRow.payment_id == payment.id, RefundRow.state == "succeeded"
    )
    news = PaymentRefunded(
        refund_id=refund.id,
        payment_id=payment.id,
        invoice_id=invoice.id,
        party=payment.party,
        minor=refund.amount.minor,
        of_minor=payment.received.minor,
        shorten=refund.access == "shorten" and applied,
        applied=applied,
        full=int(tx.scalar(back) or 0) == payment.received.minor,
    )
    emit(tx, news, now)


def _is_strange(payment: PaymentRow, refund: RefundRow, snapshot: RefundSnapshot) -> bool:
    """Where a provider does not name the payment (""), the refund's own id is enough."""
    named = snapshot.payment_external_id or (refund.external_id == snapshot.external_id and payment.external_id)
    return named != payment.external_id or snapshot.amount != refund.amount


def _ask(db: Database, provider: PaymentProvider, refund: RefundRow, now: datetime) -> RefundOutcome:
    if refund.external_id is not None:
        return provider.fetch_refund(refund.external_id)
    if Capability.LIST not in provider.capabilities:
        return Unknown("there is no way to ask")
    try:
        operations = provider.operations(refund.created_at - timedelta(minutes=5), now + timedelta(minutes=5))
    except (TryLater, Misconfigured) as error:
        return Unknown(str(error))
    with db.begin() as tx:
        for operation in operations:
            if isinstance(operation, RefundSnapshot) and adopt_refund(tx, provider, operation, now) == refund.id:
                return operation
    return Unknown("not in the list")


def _move_on(
    tx: Session,
    invoice: InvoiceRow,
    payment: PaymentRow,
    refund: RefundRow,
    state: str,
    reason: str | None,
    now: datetime,
    cause: str,
) -> None:
    if reason:
        refund.detail = reason[:200]
    if refund.state == "requested":
        move_refund(tx, refund, "sending", now, cause)
    if not move_refund(tx, refund, state, now, cause):
        return
    if state == "succeeded":
        book_refund(tx, invoice, payment, refund, now)
    elif state in ("canceled", "failed"):
        _release(tx, payment, refund, now)
        _announce_failure(tx, payment, refund, now)


def _release(tx: Session, payment: PaymentRow, refund: RefundRow, now: datetime) -> None:
    """The money did not leave: what was set aside is the buyer's again, and a decision is open again."""
    if ledger.find(tx, kind="refund_reserve", reference=str(refund.id)):
        ledger.reverse(tx, kind="refund_reserve", reference=str(refund.id), now=now)
    if payment.decided == "refund":
        payment.decided = None


def _announce_failure(tx: Session, payment: PaymentRow, refund: RefundRow, now: datetime) -> None:
    news = RefundFailed(
        refund_id=refund.id,
        payment_id=payment.id,
        party=payment.party,
        reason=refund.detail or "",
        unknown=refund.state == "unknown",
    )
    emit(tx, news, now)


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
        created_at=now,
        updated_at=now,
        checks=0,
    )
    tx.add(row)
    tx.flush()
    tx.add(RefundChangeRow(refund_id=row.id, at=now, before=None, after="sending", cause="made at the provider"))
    emit(tx, ForeignRefund(refund_id=row.id, payment_id=payment.id, party=payment.party), now)
    return row.id
