"""For whoever renews by something else than an invoice: which subscriptions end soon, one at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.subscriptions.expire import NEXT
from services.subscriptions.models import SubscriptionRow
from services.subscriptions.views import Subscription, seen


def ending_between(
    tx: Session, since: datetime, until: datetime, *, after_id: int = 0, limit: int = 100, with_fee: bool = False
) -> list[Subscription]:
    """Active ones whose end is in (since, until], by id. `with_fee`: only those that cost tokens."""
    ending = select(SubscriptionRow).where(
        SubscriptionRow.state == "active",
        since < NEXT,  # an active one has no grace yet, and the index is on this
        until >= NEXT,
        SubscriptionRow.id > after_id,
    )
    if with_fee:
        ending = ending.where(SubscriptionRow.terms.has_key("subscription_fee"))
    return [seen(row) for row in tx.scalars(ending.order_by(SubscriptionRow.id).limit(limit))]


def claim(tx: Session, subscription_id: int) -> Subscription | None:
    """As it is now, and nobody else changes it until this transaction ends; None while somebody does."""
    row = tx.get_one(SubscriptionRow, subscription_id)
    turn = func.hashtextextended(f"subscription:{row.party}:{row.product}", 0)
    if not tx.scalar(select(func.pg_try_advisory_xact_lock(turn))):
        return None
    free = select(SubscriptionRow).where(SubscriptionRow.id == subscription_id).with_for_update(skip_locked=True)
    locked = tx.scalar(free.execution_options(populate_existing=True))
    return seen(locked) if locked is not None else None
