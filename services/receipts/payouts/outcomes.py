"""What became of a payout: every change of its state but a person's, on a locked row.

succeeded, failed, canceled and reversed are ends: what is said of them later changes nothing. Where it says otherwise,
that is written down and told."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform import audit
from services.platform.outbox import emit
from services.receipts.events import PayoutContradicted, PayoutFailed, PayoutNeedsDecision, PayoutSucceeded
from services.receipts.payouts import booking
from services.receipts.payouts.errors import PayoutNotFound
from services.receipts.payouts.models import PayoutRow

ENDS = frozenset({"succeeded", "failed", "canceled", "reversed"})
LONGEST_CODE = 100

log = structlog.get_logger(__name__)


def locked(tx: Session, payout_id: int) -> PayoutRow:
    """Raises PayoutNotFound."""
    known = 0 < payout_id < 2**63
    row = tx.get(PayoutRow, payout_id, with_for_update=True, populate_existing=True) if known else None
    if row is None:
        raise PayoutNotFound(f"payout {payout_id}")
    return row


def locked_of(tx: Session, receipt_id: int) -> PayoutRow:
    """The one of this receipt. Raises PayoutNotFound."""
    payout_id = tx.scalar(select(PayoutRow.id).where(PayoutRow.receipt_id == receipt_id))
    if payout_id is None:
        raise PayoutNotFound(f"receipt {receipt_id} has no payout")
    return locked(tx, payout_id)


def move(row: PayoutRow, state: str, now: datetime, code: str | None = None) -> None:
    row.state, row.changed_at, row.code = state, now, code and code[:LONGEST_CODE]


def succeed(tx: Session, row: PayoutRow, now: datetime, external_id: str | None) -> None:
    """It was paid."""
    row.external_id = external_id or row.external_id
    move(row, "succeeded", now)
    booking.pay_out(tx, row, now)
    emit(tx, PayoutSucceeded(payout_id=row.id, receipt_id=row.receipt_id), now)


def give_up(tx: Session, row: PayoutRow, now: datetime, state: str, code: str) -> None:
    """It was not paid, and is not going to be: `state` is failed or canceled."""
    move(row, state, now, code)
    booking.give_up(tx, row, now)
    emit(tx, PayoutFailed(payout_id=row.id, receipt_id=row.receipt_id, reason=row.code or state), now)


def lose(tx: Session, row: PayoutRow, now: datetime, code: str) -> None:
    """Nobody knows: it is never sent again by itself."""
    move(row, "unknown", now, code)
    log.warning("payout_unknown", payout=row.id, provider=row.provider, attempt=row.attempt, reason=row.code)
    emit(tx, PayoutNeedsDecision(payout_id=row.id, receipt_id=row.receipt_id), now)


def note_paid(tx: Session, row: PayoutRow, now: datetime, external_id: str, attempt: int) -> None:
    """The provider says that it paid in this call, in its answer or later. True for what waits for news; also for what
    was to be sent again, which is no longer needed."""
    is_news = row.state in ("sent", "unknown") and attempt == row.attempt
    was_needless = row.state == "created" and 0 < attempt <= row.attempt
    is_known = row.state == "succeeded" and (row.external_id or external_id) == external_id
    if is_known and attempt == row.attempt:
        row.external_id = external_id
    elif is_news or was_needless:
        succeed(tx, row, now, external_id)
    else:
        contradict(tx, row, now, "paid", external_id)


def note_refused(tx: Session, row: PayoutRow, now: datetime, code: str, attempt: int) -> None:
    """The provider says that it did not pay in this call, and why."""
    if row.state in ("sent", "unknown") and attempt == row.attempt:
        give_up(tx, row, now, "failed", code)
    elif row.state in ("succeeded", "reversed") and attempt == row.attempt:
        contradict(tx, row, now, "not_paid", code)


def contradict(tx: Session, row: PayoutRow, now: datetime, said: str, detail: str) -> None:
    """Once for each thing that is said."""
    words = f"{said}:{detail}"[:LONGEST_CODE]
    if row.contradiction == words:
        return
    row.contradiction = words
    log.error("payout_contradicted", payout=row.id, provider=row.provider, state=row.state, said=said)
    subject = f"payout:{row.id}"
    audit.record(
        tx, actor="rule:payouts", action="payout.contradicted", subject=subject, now=now, state=row.state, said=words
    )
    emit(tx, PayoutContradicted(payout_id=row.id, receipt_id=row.receipt_id, state=row.state, said=said), now)
