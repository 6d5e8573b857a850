"""From events about receipts to messages, as in tell.py. One receipt is one message: each news changes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services import identity, receipts
from services.notifications.receipt_words import is_paid_to_phone
from services.notifications.tell import tell, tell_admins
from services.notifications.told_receipts import as_paid, key_of, last_told_at, waiting_news

# Later, nobody looks at that place of the chat any more: the news becomes a new message.
WATCHED = timedelta(minutes=10)
RECENT = 20  # receipts of one person that may wait for a number


def tell_receipt_reading(tx: Session, event: receipts.ReceiptSubmitted, now: datetime) -> None:
    """Its number, under the picture."""
    if receipts.any_receipt(tx, event.receipt_id).message_id is not None:
        _tell(tx, event.receipt_id, "reading", now)


def tell_receipt_accepted(tx: Session, event: receipts.ReceiptAccepted, now: datetime) -> None:
    _tell(tx, event.receipt_id, "accepted", now)


def tell_receipt_rejected(tx: Session, event: receipts.ReceiptRejected, now: datetime) -> None:
    _tell(tx, event.receipt_id, "rejected", now)


def tell_receipt_reversed(tx: Session, event: receipts.ReceiptReversed, now: datetime) -> None:
    _tell(tx, event.receipt_id, "reversed", now)


def tell_receipt_needs_review(
    tx: Session, event: receipts.ReceiptNeedsReview, now: datetime, admins: Sequence[int]
) -> None:
    """The owner, and the operators, who decide."""
    receipt = _tell(tx, event.receipt_id, "review", now)
    params = {"receipt_id": receipt.id, "party": str(receipt.party)}
    tell_admins(tx, admins, "admin_receipt", f"receipt:{receipt.id}", params, now)


def tell_payout_succeeded(tx: Session, event: receipts.PayoutSucceeded, now: datetime) -> None:
    _tell(tx, event.receipt_id, "paid", now)


def tell_payout_failed(tx: Session, event: receipts.PayoutFailed, now: datetime, admins: Sequence[int]) -> None:
    """The owner, and the operators, who may pay again."""
    receipt = _tell(tx, event.receipt_id, "unpaid", now)
    params = {
        "receipt_id": receipt.id,
        "payout_id": event.payout_id,
        "reason": event.reason,
        "party": str(receipt.party),
    }
    tell_admins(tx, admins, "admin_payout_failed", f"payout_failed:{event.payout_id}", params, now)


def tell_payout_needs_decision(
    tx: Session, event: receipts.PayoutNeedsDecision, now: datetime, admins: Sequence[int]
) -> None:
    """Only the operators: their answer is the news for the owner."""
    receipt = receipts.any_receipt(tx, event.receipt_id)
    params = {"receipt_id": receipt.id, "payout_id": event.payout_id, "party": str(receipt.party)}
    tell_admins(tx, admins, "admin_payout_undecided", f"payout_undecided:{event.payout_id}", params, now)


def tell_payout_contradicted(
    tx: Session, event: receipts.PayoutContradicted, now: datetime, admins: Sequence[int]
) -> None:
    receipt = receipts.any_receipt(tx, event.receipt_id)
    params = {
        "receipt_id": receipt.id,
        "payout_id": event.payout_id,
        "state": event.state,
        "said": event.said,
        "party": str(receipt.party),
    }
    about = f"payout_contradicted:{event.payout_id}:{event.said}"
    tell_admins(tx, admins, "admin_payout_contradicted", about, params, now)


def tell_payouts_capped(tx: Session, event: receipts.PayoutsCapped, now: datetime, admins: Sequence[int]) -> None:
    params = {"most": event.most}
    tell_admins(tx, admins, "admin_payouts_capped", f"payouts_capped:{now:%Y-%m-%d}", params, now)


def tell_phone_given(tx: Session, event: identity.PhoneGiven, now: datetime) -> None:
    """What waited for the number does not any more."""
    party = identity.Party("user", event.user_id)
    for receipt in receipts.history(tx, party, limit=RECENT):
        if receipt.state in ("approved", "paying") and is_paid_to_phone(as_paid(tx, receipt)):
            _tell(tx, receipt.id, "phone", now)


def tell_receipt_reminder(tx: Session, event: receipts.ReceiptReminderDue, now: datetime) -> None:
    party = str(identity.Party("user", event.user_id))
    tell(tx, party, "receipt_reminder", f"receipt_reminder:{event.user_id}", {}, now)


def _tell(tx: Session, receipt_id: int, news: str, now: datetime) -> receipts.Receipt:
    receipt = receipts.any_receipt(tx, receipt_id)
    is_late = now - last_told_at(tx, receipt) > WATCHED
    waiting = waiting_news(tx, receipt_id)
    params = {
        "receipt_id": receipt_id,
        "news": news,
        "anew": is_late or any(row.params.get("anew") for row in waiting),
    }
    if tell(tx, str(receipt.party), "receipt", key_of(receipt_id, news), params, now):
        for row in waiting:  # what comes tells how it stands: the chat need not wait for the steps before
            row.state, row.error = "dropped", "newer news"
    return receipt
