"""Days that nobody paid an invoice for: from a promo code, for a friend, from a gift, for a fee in tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.catalog import Quote
from services.identity import Party
from services.platform.money import Money
from services.platform.outbox import emit
from services.subscriptions.events import SubscriptionExpired, SubscriptionShortened
from services.subscriptions.extend import extend
from services.subscriptions.journal import account_of, keep_the_day, known, newest, take_turns, write
from services.subscriptions.models import SubscriptionChangeRow, SubscriptionRow
from services.subscriptions.states import LIVE


def give(
    tx: Session,
    party: Party,
    quote: Quote,
    *,
    reference: str,
    cause: str,
    value: Money,
    now: datetime,
    happens: Literal["given", "paid"] = "given",
) -> int | None:
    """Gives a period of `quote`, worth `value`. `reference` names it for ever ("gift:7"): the same again changes
    nothing. `happens` is "paid" where the party gave something for it, tokens say. Returns the subscription's id, None
    when it had been given."""
    take_turns(tx, str(party), quote.product)
    if known(tx, reference=reference):
        return None
    return extend(tx, str(party), quote, happens=happens, cause=cause, reference=reference, value=value, now=now)


def give_days(
    tx: Session, party: Party, product: str, span: timedelta, *, reference: str, cause: str, now: datetime
) -> int | None:
    """Adds days, at its own terms, to the live subscription of a product. They are worth nothing when the tariff is
    changed. Returns the subscription's id; None when there is no live one, or they had been given."""
    take_turns(tx, str(party), product)
    row = newest(tx, str(party), product)
    if row is None or row.state not in LIVE or known(tx, reference=reference):
        return None
    terms = Quote.from_json(row.terms)
    free = Money(0, terms.price.currency)
    return extend(
        tx, str(party), terms, happens="given", cause=cause, reference=reference, value=free, span=span, now=now
    )


def take_back(tx: Session, reference: str, *, cause: str, now: datetime) -> timedelta:
    """Takes away what is left of days that were given, once. Returns how much that was; nothing where nothing is."""
    given = select(SubscriptionChangeRow.subscription_id).where(SubscriptionChangeRow.reference == reference)
    subscription_id = tx.scalar(given)
    if subscription_id is None or known(tx, reference=f"back:{reference}"):
        return timedelta()
    row = tx.get_one(SubscriptionRow, subscription_id)
    take_turns(tx, row.party, row.product)
    tx.refresh(row, with_for_update=True)
    portion = account_of(tx, row, now).portion(reference)
    if portion is None:
        return timedelta()
    cut(tx, row, portion.left, now, cause=cause, reference=f"back:{reference}")
    return portion.left


def cut(
    tx: Session,
    row: SubscriptionRow,
    taken: timedelta,
    now: datetime,
    *,
    cause: str,
    refund_id: int | None = None,
    reference: str | None = None,
) -> None:
    """Moves the end back; a subscription with nothing left ends. The caller has locked it."""
    stands_at = row.paused_at or now
    ends_at = max(row.ends_at - taken, stands_at)
    write(
        tx, row, "shortened", now, happens=None, cause=cause, ends_at=ends_at, refund_id=refund_id, reference=reference
    )
    keep_the_day(row)
    if row.ends_at > stands_at:
        emit(tx, SubscriptionShortened(subscription_id=row.id, party=row.party, ends_at=row.ends_at), now)
    elif row.state in LIVE:
        row.paused_at = None
        write(tx, row, "expired", now, happens="ended", cause=cause)
        emit(tx, SubscriptionExpired(subscription_id=row.id, party=row.party, ends_at=row.ends_at, refunded=True), now)
