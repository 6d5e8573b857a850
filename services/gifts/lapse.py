"""How a gift ends without being used: nobody takes it, or its payment goes back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import billing, ledger, subscriptions
from services.catalog import Quote
from services.gifts.buy import PURPOSE
from services.gifts.events import GiftExpired, GiftTakenBack
from services.gifts.models import GiftRow
from services.platform.errors import TryLater
from services.platform.money import Money
from services.platform.outbox import emit

EXPIRED, RETURNED = "gift_expired", "gift_expired_refund"  # kinds in the ledger
AT_ONCE = 500


def expire(tx: Session, now: datetime) -> int:
    """Puts the money of gifts that nobody claimed in time on their buyers' balances, what has gone back of it apart.
    Returns how many."""
    due = select(GiftRow).where(GiftRow.state == "waiting", GiftRow.expires_at <= now).order_by(GiftRow.id)
    rows = list(tx.scalars(due.limit(AT_ONCE).with_for_update(skip_locked=True)))
    for row in rows:
        left = billing.kept(tx, row.invoice_id)
        if left.minor:
            _book(tx, row, left, EXPIRED, row.reference, now)
        row.state, row.changed_at = "expired", now
        emit(tx, GiftExpired(gift_id=row.id, party=row.buyer, minor=left.minor, currency=left.currency), now)
    return len(rows)


def follow_refund(tx: Session, event: billing.PaymentRefunded, now: datetime) -> None:
    """The payment of a gift goes back. All of it: one that waits can no longer be claimed, a claimed one loses what is
    left of its days unless they were to stay. What an expired one put on the buyer's balance is taken from there, for
    every refund: else the buyer had it twice. Raises TryLater while the gift is not there yet."""
    if not event.applied or billing.invoice(tx, event.invoice_id).quote.purpose != PURPOSE:
        return
    own = select(GiftRow).where(GiftRow.invoice_id == event.invoice_id)
    row = tx.scalar(own.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise TryLater(f"invoice {event.invoice_id} has not become a gift yet")
    if row.state == "expired":
        _take_from_balance(tx, row, event, now)
    elif row.state == "waiting" and event.full:
        row.state, row.changed_at = "canceled", now
    elif row.state == "claimed" and event.full and event.shorten:
        subscriptions.take_back(tx, row.reference, cause="refund", now=now)
        row.state, row.changed_at = "canceled", now
        emit(tx, GiftTakenBack(gift_id=row.id, party=row.buyer, claimed_by=row.claimed_by or ""), now)


def _take_from_balance(tx: Session, row: GiftRow, event: billing.PaymentRefunded, now: datetime) -> None:
    """Also when it was spent meanwhile: the buyer then owes it. Refunds that were there before it expired have not
    reached the balance."""
    given = _booked(tx, row, EXPIRED, row.reference)
    kept = billing.kept(tx, row.invoice_id)
    taken = sum(
        _booked(tx, row, RETURNED, f"{row.reference}:{one.id}") for one in billing.refunds_of(tx, event.payment_id)
    )
    surplus = given + taken - kept.minor
    if surplus > 0:
        _book(tx, row, Money(-surplus, kept.currency), RETURNED, f"{row.reference}:{event.refund_id}", now)


def _book(tx: Session, row: GiftRow, money: Money, kind: str, reference: str, now: datetime) -> None:
    """From what was earned to the buyer's balance; a negative amount the other way."""
    product = Quote.from_json(row.quote).product
    entries = [ledger.Entry(f"revenue:{product}", money), ledger.Entry(f"wallet:{row.buyer}", -money)]
    ledger.post(tx, kind=kind, reference=reference, entries=entries, now=now, may_overdraw=True)


def _booked(tx: Session, row: GiftRow, kind: str, reference: str) -> int:
    """Minor units that a posting brought to the buyer's balance; negative where it took some."""
    entries = ledger.find(tx, kind=kind, reference=reference)
    return -sum(one.amount.minor for one in entries if one.account == f"wallet:{row.buyer}")
