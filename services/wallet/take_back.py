from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services import billing, ledger, subscriptions
from services.identity import Party
from services.platform.errors import TryLater
from services.platform.money import Money
from services.wallet.balances import ISSUED, hold, tokens_of
from services.wallet.credit import FEE, TOPUP, fee_reference, reference_of
from services.wallet.terms import tokens_in

REFUND = "topup_refund"


def take_back_after_refund(tx: Session, event: billing.PaymentRefunded, now: datetime) -> None:
    """Takes the tokens of the refunded money, in its proportion and rounded down; the refund that leaves nothing of the
    payment takes all that is left of them. Also where they were spent: the balance goes below zero. The same refund
    again changes nothing. Raises TryLater while they have not been credited."""
    party = Party.parse(event.party)
    quote = billing.invoice(tx, event.invoice_id).quote
    if not event.applied or not tokens_in(quote):
        return
    subscriptions.take_turns(tx, str(party), quote.product)
    hold(tx, party)
    credited = ledger.find(tx, kind=TOPUP, reference=reference_of(event.invoice_id))
    if not credited:
        raise TryLater(f"invoice {event.invoice_id} has not been credited yet")
    total = next(entry.amount.minor for entry in credited if entry.account == ISSUED)
    left = total - _taken(tx, event.payment_id)
    taken = left if event.full else min(left, total * event.minor // event.of_minor)
    if taken:
        amount = Money(taken, "TOKEN")
        entries = [ledger.Entry(tokens_of(party), amount), ledger.Entry(ISSUED, -amount)]
        try:
            ledger.post(tx, kind=REFUND, reference=_of(event.refund_id), entries=entries, now=now, may_overdraw=True)
        except ledger.AlreadyPosted:
            return
    if event.full and event.shorten:
        _end_period(tx, event.invoice_id, now)


def _taken(tx: Session, payment_id: int) -> int:
    """By the refunds of this payment so far."""
    return sum(
        -entry.amount.minor
        for refund in billing.refunds_of(tx, payment_id)
        for entry in ledger.find(tx, kind=REFUND, reference=_of(refund.id))
        if entry.account == ISSUED
    )


def _end_period(tx: Session, invoice_id: int, now: datetime) -> None:
    """What is left of the period that this top-up began goes, and its fee comes back."""
    reference = fee_reference(invoice_id)
    if subscriptions.take_back(tx, reference, cause="refund", now=now):
        ledger.reverse(tx, kind=FEE, reference=reference, now=now)


def _of(refund_id: int) -> str:
    return f"refund:{refund_id}"
