from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.catalog import Quote
from services.identity import Party
from services.platform.errors import NotFound
from services.subscriptions.models import SubscriptionChangeRow, SubscriptionRow
from services.subscriptions.states import GIVING_ACCESS, LIVE


class SubscriptionNotFound(NotFound):
    """There is none, or it is another party's."""

    code: ClassVar[str] = "subscription_not_found"


@dataclass(frozen=True, slots=True)
class Subscription:
    """`terms` are those in force. `state` as in states.TABLE, as of the last sweep: ask `is_on`. `grace_ends_at` is
    set in grace, `paused_at` while it stands still."""

    id: int
    party: Party
    product: str
    state: str
    terms: Quote
    started_at: datetime
    ends_at: datetime
    grace_ends_at: datetime | None = None
    paused_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def access_until(self) -> datetime:
        """When access ends on our clock, if nothing happens before."""
        if self.state == "active" and self.terms.grace:
            return self.terms.grace.after(self.ends_at, self.ends_at.day)
        return self.grace_ends_at or self.ends_at

    @property
    def is_on(self) -> bool:
        """Access is to be given. Between an end and the sweep that sees it, it is."""
        return self.state in GIVING_ACCESS

    @property
    def left_while_paused(self) -> timedelta:
        """What a paused one goes on with."""
        return self.ends_at - self.paused_at if self.paused_at else timedelta()


@dataclass(frozen=True, slots=True)
class Line:
    """Of the journal: what happened, as in models.SubscriptionChangeRow. `by` is what brought or took time:
    "invoice:7", "refund:3", or a reference."""

    id: int
    at: datetime
    kind: str
    state: str | None
    cause: str | None
    by: str | None
    ends_at: datetime


def subscription(tx: Session, subscription_id: int) -> Subscription:
    """For reactions. People's requests go through `own_subscription`."""
    return seen(tx.get_one(SubscriptionRow, subscription_id))


def subscriptions_by_id(tx: Session, ids: Collection[int]) -> dict[int, Subscription]:
    """Many at once, for what looks at everybody's."""
    rows = select(SubscriptionRow).where(SubscriptionRow.id.in_(ids))
    return {row.id: seen(row) for row in tx.scalars(rows)}


def own_subscription(tx: Session, party: Party, subscription_id: int) -> Subscription:
    """Raises SubscriptionNotFound, also for other people's."""
    own = select(SubscriptionRow).where(SubscriptionRow.id == subscription_id, SubscriptionRow.party == str(party))
    row = tx.scalar(own)
    if row is None:
        raise SubscriptionNotFound(f"subscription {subscription_id} of {party}")
    return seen(row)


def subscriptions_of(tx: Session, party: Party) -> list[Subscription]:
    """The newest of each product: the live one, else the one that ended last."""
    newest = (
        select(SubscriptionRow)
        .where(SubscriptionRow.party == str(party))
        .ext(distinct_on(SubscriptionRow.product))
        .order_by(SubscriptionRow.product, SubscriptionRow.id.desc())
    )
    return [seen(row) for row in tx.scalars(newest)]


def any_subscription(tx: Session, subscription_id: int) -> Subscription:
    """For operators, who see everybody's. Raises SubscriptionNotFound."""
    row = tx.get(SubscriptionRow, subscription_id)
    if row is None:
        raise SubscriptionNotFound(f"subscription {subscription_id}")
    return seen(row)


def history(tx: Session, subscription_id: int) -> list[Line]:
    """The whole life of a subscription, oldest first."""
    rows = select(SubscriptionChangeRow).where(SubscriptionChangeRow.subscription_id == subscription_id)
    return [
        Line(row.id, row.at, row.kind, row.state, row.cause, _by(row), row.ends_at)
        for row in tx.scalars(rows.order_by(SubscriptionChangeRow.id))
    ]


def _by(row: SubscriptionChangeRow) -> str | None:
    if row.invoice_id is not None:
        return f"invoice:{row.invoice_id}"
    return f"refund:{row.refund_id}" if row.refund_id is not None else row.reference


def seen(row: SubscriptionRow) -> Subscription:
    return Subscription(
        id=row.id,
        party=Party.parse(row.party),
        product=row.product,
        state=row.state,
        terms=Quote.from_json(row.terms),
        started_at=row.started_at,
        ends_at=row.ends_at,
        grace_ends_at=row.grace_ends_at,
        paused_at=row.paused_at,
    )
