"""A refund on its way: sent, asked about until it ends, booked once. Killed at any point it goes on where it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.adopt_refund import adopt_refund
from services.billing.ask import KEY_LIFE
from services.billing.events import RefundCheckDue
from services.billing.models import InvoiceRow, PaymentRow, RefundRow
from services.billing.providers.base import (
    Capability,
    Declined,
    NotSent,
    PaymentProvider,
    RefundOutcome,
    RefundSnapshot,
    Unknown,
)
from services.billing.refund_booking import announce_failure, book_refund, release
from services.billing.states import ON_ITS_WAY
from services.billing.transitions import lock_refund, move_refund
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
        record_refund(tx, refund_id, outcome, now, cause="answer", is_certain=first)
        _, payment, refund = lock_refund(tx, refund_id)
        if refund.state == "unknown" and not repeatable:
            announce_failure(tx, payment, refund, now)
    if isinstance(outcome, NotSent) or (isinstance(outcome, Unknown) and repeatable):
        after = outcome.after if isinstance(outcome, NotSent) else None
        raise TryLater(f"{provider.code}: {outcome.error}", after=after)


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
    if refund.state == "succeeded" or (refund.state == "failed" and state == "canceled"):
        return  # it has ended, and differently: a statement shows that
    if reason:
        refund.detail = reason[:200]
    if refund.state == "requested":
        move_refund(tx, refund, "sending", now, cause)
    if not move_refund(tx, refund, state, now, cause):
        return
    if state == "succeeded":
        book_refund(tx, invoice, payment, refund, now)
    elif state in ("canceled", "failed"):
        release(tx, payment, refund, now)
        announce_failure(tx, payment, refund, now)
