"""A person decides what no machine can know, or what none may do by itself. Every decision is in the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform import audit
from services.platform.crypto import Cipher
from services.platform.outbox import emit
from services.receipts import rows, rules
from services.receipts.errors import NotPayable, NotReversible
from services.receipts.events import PayoutDue
from services.receipts.judge import payees
from services.receipts.models import ReceiptRow
from services.receipts.payouts import booking
from services.receipts.payouts.errors import PayoutDecided, PayoutNotFound
from services.receipts.payouts.models import PayoutRow, sealed_place
from services.receipts.payouts.order import phone_for
from services.receipts.payouts.outcomes import give_up, locked, locked_of, move, succeed

Decision = Literal["paid", "not_paid", "retry", "cancel", "to_balance"]
DECISIONS: tuple[Decision, ...] = ("paid", "not_paid", "retry", "cancel", "to_balance")

ASKED = frozenset({"unknown", "waiting"})  # whose outcome a person finds out
NOT_BEGUN = frozenset({"created", "no_phone", "waiting"})  # no call of theirs is open
GIVEN_UP = frozenset({"failed", "canceled"})
FROM: dict[Decision, frozenset[str]] = {
    "paid": ASKED,
    "not_paid": ASKED,
    "retry": frozenset({"failed"}),
    "cancel": NOT_BEGUN,
    "to_balance": NOT_BEGUN | GIVEN_UP,
}


def decide_payout(
    tx: Session, cipher: Cipher, payout_id: int, outcome: Decision, *, actor: str, reason: str, now: datetime
) -> None:
    """paid and not_paid: what became of one that nobody knew about, or that stood on the list. retry: once more by the
    same provider, to the phone of now, after it failed. cancel: nothing is going to be paid. to_balance: there instead.
    What had failed takes from the campaign's budget again; NotPayable where that has not as much left. Raises
    PayoutNotFound, and PayoutDecided where it does not stand so that this can be decided."""
    receipt_id = _receipt_of(tx, payout_id)
    receipt = tx.get(ReceiptRow, receipt_id, with_for_update=True, populate_existing=True)  # first, as everybody
    row = locked(tx, payout_id)
    if row.state not in FROM[outcome] or (outcome == "to_balance" and row.provider == "balance"):
        raise PayoutDecided(f"payout {row.id} is {row.state}, by {row.provider}")
    if outcome in ("cancel", "to_balance") and _is_exported(row):
        raise PayoutDecided(f"payout {row.id} is on a list that was exported: say not_paid first")
    before = row.state
    match outcome:
        case "paid":
            succeed(tx, row, now, None)
        case "not_paid":
            give_up(tx, row, now, "failed", "not_paid")
        case "cancel":
            give_up(tx, row, now, "canceled", "canceled")
        case "retry" | "to_balance":
            if before in GIVEN_UP:
                _promise_again(tx, cipher, row, receipt, now)
            if outcome == "to_balance":
                row.provider = "balance"
            elif row.sealed and (phone := phone_for(tx, cipher, row.party)):
                row.sealed = cipher.seal(phone.encode(), sealed_place(row.receipt_id))  # it may have been the reason
            move(row, "created", now, outcome)
            row.counted_on = row.sent_at = None
            emit(tx, PayoutDue(payout_id=row.id), now)
    detail = {"outcome": outcome, "before": before, "reason": reason[:500]}
    audit.record(tx, actor=actor, action="payout.decide", subject=f"payout:{row.id}", now=now, **detail)
    tx.flush()


def reverse_payout(tx: Session, receipt_id: int, *, actor: str, reason: str, now: datetime) -> bool:
    """Takes back what a receipt has earned, or stops it on its way; the caller holds the receipt's lock and gives the
    budget back. A balance may go below zero. False when that was done before. Raises NotReversible where the money has
    left the house, may have, or was never paid."""
    try:
        row = locked_of(tx, receipt_id)
    except PayoutNotFound:
        raise NotReversible("nothing was promised") from None
    if row.state == "reversed":
        return False
    before = row.state
    if row.state in NOT_BEGUN and not _is_exported(row):
        move(row, "canceled", now, "reversed")
        booking.give_up(tx, row, now)
    elif row.state == "succeeded" and row.provider == "balance":
        move(row, "reversed", now, "reversed")
        booking.take_back(tx, row, now)
    elif row.state in GIVEN_UP:
        raise NotReversible("nothing was paid")
    elif row.state == "succeeded":
        raise NotReversible(f"it was paid by {row.provider}, and does not come back from there")
    else:
        raise NotReversible("nobody knows yet whether it was paid: decide that first")
    detail = {"before": before, "reason": reason[:500]}
    audit.record(tx, actor=actor, action="payout.reverse", subject=f"payout:{row.id}", now=now, **detail)
    return True


def _is_exported(row: PayoutRow) -> bool:
    """Somebody may be paying it by hand."""
    return row.state == "waiting" and row.sent_at is not None


def _receipt_of(tx: Session, payout_id: int) -> int:
    known = 0 < payout_id < 2**63
    receipt_id = tx.scalar(select(PayoutRow.receipt_id).where(PayoutRow.id == payout_id)) if known else None
    if receipt_id is None:
        raise PayoutNotFound(f"payout {payout_id}")
    return receipt_id


def _promise_again(tx: Session, cipher: Cipher, row: PayoutRow, receipt: ReceiptRow | None, now: datetime) -> None:
    """Only once the failure has given the budget back: or the two would cross, and it would be taken for nothing."""
    if receipt is None or receipt.state != "pay_failed":
        raise PayoutDecided(f"receipt {row.receipt_id} is {receipt.state if receipt else 'gone'}: in a moment, perhaps")
    try:
        rules.take_again(tx, row.receipt_id, payees(tx, cipher, receipt), now)
    except rules.CampaignMoved:
        raise NotPayable("limit_budget") from None
    rows.move(receipt, "paying", now)
    row.round += 1
    booking.promise(tx, row, now)
