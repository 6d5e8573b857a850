"""Carrying a payout out: the intent is stored, then the call goes out, then its outcome is stored.

The wire has no key by which two calls would be one. So a call that may have arrived is the last one: whoever finds the
intent of a worker that died does not call, and a person finds out what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from services.platform import slots
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.errors import TryLater
from services.platform.outbox import emit
from services.receipts.events import PayoutDue, PayoutsCapped
from services.receipts.payouts import cap
from services.receipts.payouts.models import PayoutRow, sealed_place
from services.receipts.payouts.outcomes import give_up, locked, lose, move, note_paid, note_refused, succeed
from services.receipts.payouts.providers.base import (
    Capability,
    NotSent,
    Order,
    Paid,
    PayoutProvider,
    PayoutProviders,
    Refused,
    Unknown,
)

LEASE = timedelta(minutes=2)  # longer than the slowest adapter talks; a worker that died is waited for so long

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    provider: PayoutProvider
    order: Order
    attempt: int


def pay(
    db: Database,
    cipher: Cipher,
    event: PayoutDue,
    now: datetime,
    providers: PayoutProviders,
    most_a_day: int | None = None,
) -> None:
    """Pays what is due, by one call, however often and by however many it is asked for. Raises TryLater when that call
    surely did not leave, while another worker may be at it, or until the next day."""
    with db.begin() as tx:
        later, call = _begin(tx, cipher, event.payout_id, now, providers, most_a_day)
    if later is not None:
        raise later
    if call is None:
        return
    outcome: Paid | NotSent | Refused | Unknown
    try:
        answer = call.provider.pay(call.order)
        outcome = answer if isinstance(answer, Paid) else Unknown("listed")
    except (NotSent, Refused, Unknown) as error:
        outcome = error
    with db.begin() as tx:
        _record(tx, event.payout_id, call.attempt, outcome, now)
    if isinstance(outcome, NotSent):
        raise outcome


def _begin(
    tx: Session,
    cipher: Cipher,
    payout_id: int,
    now: datetime,
    providers: PayoutProviders,
    most_a_day: int | None,
) -> tuple[TryLater | None, Call | None]:
    """What is to be called, with the intent on the row; or why it has to wait. Neither: there is nothing to do."""
    row = locked(tx, payout_id)
    if row.state == "sent":
        assert row.sent_at is not None
        if now - row.sent_at < LEASE:
            return TryLater("another worker may be at it", after=LEASE.total_seconds()), None
        lose(tx, row, now, "worker_died")
    if row.state != "created":
        return None, None
    provider = providers.get(row.provider)
    if provider is None:
        return TryLater(f"payouts by {row.provider} are not configured here"), None
    if provider.currencies is not None and row.currency not in provider.currencies:
        give_up(tx, row, now, "failed", "currency_not_paid")
        return None, None
    if most_a_day is not None and not cap.take(tx, row, most_a_day, now):
        if slots.claim(tx, "payouts_capped", timedelta(days=1), now):
            log.warning("payouts_capped", most=most_a_day)
            emit(tx, PayoutsCapped(most=most_a_day), now)
        return TryLater("the day's payouts are used up", after=cap.seconds_to_next_day(now)), None
    order = _order(cipher, row)
    if Capability.INSIDE in provider.capabilities:
        _carry_out(tx, row, provider.pay(order), now)
        return None, None
    move(row, "sent", now)
    row.attempt, row.sent_at = row.attempt + 1, now
    return None, Call(provider, order, row.attempt)


def _order(cipher: Cipher, row: PayoutRow) -> Order:
    phone = cipher.open(row.sealed, sealed_place(row.receipt_id)).decode() if row.sealed else None
    return Order(f"{row.id}.{row.attempt + 1}", row.amount, phone)


def _carry_out(tx: Session, row: PayoutRow, answer: object, now: datetime) -> None:
    row.attempt += 1
    if isinstance(answer, Paid):
        succeed(tx, row, now, answer.external_id)
    else:
        move(row, "waiting", now)


def _record(
    tx: Session, payout_id: int, attempt: int, outcome: Paid | NotSent | Refused | Unknown, now: datetime
) -> None:
    row = locked(tx, payout_id)
    is_ours = row.state == "sent" and row.attempt == attempt
    match outcome:
        case Paid(external_id):
            note_paid(tx, row, now, external_id, attempt)
        case Refused():
            note_refused(tx, row, now, outcome.reason, attempt)
        case NotSent() if is_ours:
            move(row, "created", now, "not_sent")
            row.counted_on = None
        case Unknown() if is_ours:
            lose(tx, row, now, outcome.reason)
        case _:
            log.warning("payout_answer_came_late", payout=row.id, state=row.state, attempt=attempt)
