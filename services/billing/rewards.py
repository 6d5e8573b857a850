"""What was given because of an order (to whoever invited the buyer, in tokens, in bonuses) and goes back with its
money. Whoever gives such a thing books it under one of these kinds, with `reference_of` the invoice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services import ledger
from services.billing.events import PaymentRefunded

REWARDS = ("referral_reward", "bonus_tokens")


def reference_of(invoice_id: int) -> str:
    return f"invoice:{invoice_id}"


def rewards_of(tx: Session, invoice_id: int) -> list[ledger.Entry]:
    """What a full refund of this order would take back: the credits that were given."""
    return [
        entry
        for kind in REWARDS
        for entry in ledger.find(tx, kind=kind, reference=reference_of(invoice_id))
        if entry.amount.minor < 0
    ]


def reverse_rewards(tx: Session, event: PaymentRefunded, now: datetime) -> None:
    """When all of an order's money has gone back. Once, whatever was spent of it meanwhile."""
    if not (event.full and event.applied):
        return
    for kind in REWARDS:
        if ledger.find(tx, kind=kind, reference=reference_of(event.invoice_id)):
            ledger.reverse(tx, kind=kind, reference=reference_of(event.invoice_id), now=now)
