"""To another tariff of the same product, both ways: what it costs now and the new end are shown first, and what was
shown is what happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy.orm import Session

from services import billing, catalog
from services.catalog import Quote
from services.identity import Party
from services.platform.errors import Conflict
from services.platform.money import Money
from services.platform.outbox import emit
from services.subscriptions.events import SubscriptionExtended
from services.subscriptions.journal import account_of, last_line, own, write
from services.subscriptions.models import ChangeOfferRow, SubscriptionRow
from services.subscriptions.states import NotNow, after
from services.subscriptions.timeline import Portion
from services.subscriptions.value import credit, exchange

HOLDS = timedelta(minutes=15)


class OfferOver(Conflict):
    """Its time is over, or the subscription has changed since: look again."""

    code: ClassVar[str] = "offer_over"


@dataclass(frozen=True, slots=True)
class ChangeOffer:
    """`price` is to be paid now (zero: nothing is), `ends_at` the new end; both hold until `expires_at`. `left` is what
    was left of the present tariff when it was made, worth `worth`."""

    id: int
    subscription_id: int
    quote: Quote
    left: timedelta
    worth: Money
    ends_at: datetime
    expires_at: datetime

    @property
    def price(self) -> Money:
        return self.quote.price

    @property
    def list_price(self) -> Money:
        """Of one period of the new tariff."""
        return self.quote.list_price or self.quote.price


def offer_change(
    tx: Session,
    party: Party,
    subscription_id: int,
    tariff: str,
    *,
    currency: str,
    minimum: Money | None,
    now: datetime,
) -> ChangeOffer:
    """Works out what the change would be at this moment, and pins it. `minimum` is the smallest payment that the way of
    paying takes. Raises SubscriptionNotFound, TariffNotFound, NotForSale, NotNow or OtherCurrency."""
    row = own(tx, party, subscription_id)
    quote = catalog.quote(tx, tariff, currency, billing.audiences(tx, party))
    if quote.product != row.product or quote.tariff == Quote.from_json(row.terms).tariff:
        raise catalog.NotForSale(tariff)
    if after(row.state, "changed") != "active" or row.ends_at <= now:
        raise NotNow(f"a change while {row.state}")
    period = quote.period.length(now)
    offered = ChangeOfferRow(
        subscription_id=row.id,
        party=row.party,
        as_of=last_line(tx, row),
        quote={},
        ends_at=now,
        created_at=now,
        expires_at=now + HOLDS,
        portions=[],
    )
    tx.add(offered)
    tx.flush()
    left = account_of(tx, row, now).portions
    found = exchange(left, quote.price, period, source=f"offer:{offered.id}", minimum=minimum)
    pinned = replace(quote, purpose="change", subject=offered.id, price=found.price, list_price=quote.price)
    offered.quote = pinned.to_json()
    offered.ends_at = now + found.left
    offered.portions = [one.to_json() for one in found.portions]
    return _seen(tx, offered)


def change_offer(tx: Session, party: Party, offer_id: int, now: datetime) -> ChangeOffer:
    """An own offer that still holds. Raises OfferOver."""
    offered = _holding(tx, party, offer_id, now)
    if last_line(tx, tx.get_one(SubscriptionRow, offered.subscription_id)) != offered.as_of:
        raise OfferOver(f"subscription {offered.subscription_id} has changed")
    return _seen(tx, offered)


def earlier_offer(tx: Session, party: Party, offer_id: int) -> tuple[int, str]:
    """The subscription and the tariff that an own offer was about, also when it is over. Raises OfferOver for what
    never was, or is somebody else's."""
    offered = tx.get(ChangeOfferRow, offer_id)
    if offered is None or offered.party != str(party):
        raise OfferOver(f"offer {offer_id} of {party}")
    return offered.subscription_id, Quote.from_json(offered.quote).tariff


def change_tariff(tx: Session, party: Party, offer_id: int, now: datetime) -> datetime:
    """Carries out an offer that costs nothing, as it was shown, and returns the new end. Raises OfferOver."""
    offered = _holding(tx, party, offer_id, now)
    quote = Quote.from_json(offered.quote)
    if quote.price.minor:
        raise OfferOver("it is to be paid")
    row = own(tx, party, offered.subscription_id)
    if last_line(tx, row) != offered.as_of:
        raise OfferOver(f"subscription {row.id} has changed")
    _carry_out(tx, row, offered, quote, now, cause="user", reference=f"offer:{offered.id}")
    return row.ends_at


def change_after_payment(tx: Session, event: billing.InvoicePaid, quote: Quote, now: datetime) -> bool:
    """Carries out an offer that was paid for. False when it cannot be carried out any more, as the subscription has
    changed since: then its money buys what it is worth (extend). The caller has taken the turn."""
    offered = tx.get(ChangeOfferRow, quote.subject or 0)
    if offered is None or offered.party != event.party:
        return False
    row = own(tx, Party.parse(event.party), offered.subscription_id)
    if last_line(tx, row) != offered.as_of or row.ends_at <= now:
        return False
    _carry_out(tx, row, offered, quote, now, cause="payment", invoice_id=event.invoice_id)
    return True


def _carry_out(
    tx: Session,
    row: SubscriptionRow,
    offered: ChangeOfferRow,
    quote: Quote,
    now: datetime,
    *,
    cause: str,
    invoice_id: int | None = None,
    reference: str | None = None,
) -> None:
    """The end is the one that was shown, so that the minutes since then run on the new tariff."""
    portions = [Portion.from_json(one) for one in offered.portions]
    if invoice_id is not None:
        portions = [
            replace(one, source=f"invoice:{invoice_id}") if one.source == f"offer:{offered.id}" else one
            for one in portions
        ]
    row.terms = quote.as_terms().to_json()
    line = write(
        tx,
        row,
        "changed",
        now,
        happens="changed",
        cause=cause,
        ends_at=offered.ends_at,
        invoice_id=invoice_id,
        reference=reference,
        value=quote.price,
        portions=_since(portions, now - offered.created_at),
    )
    row.anchor_day = row.ends_at.day
    news = SubscriptionExtended(
        subscription_id=row.id,
        invoice_id=invoice_id or 0,
        party=row.party,
        ends_at=row.ends_at,
        cause="change",
        change_id=line,
    )
    emit(tx, news, now)


def _since(portions: Sequence[Portion], passed: timedelta) -> list[Portion]:
    """What is left of them when so much time has passed."""
    left = []
    for one in portions:
        taken = min(one.left, passed)
        passed -= taken
        if one.left > taken:
            left.append(replace(one, left=one.left - taken))
    return left


def _holding(tx: Session, party: Party, offer_id: int, now: datetime) -> ChangeOfferRow:
    offered = tx.get(ChangeOfferRow, offer_id)
    if offered is None or offered.party != str(party) or offered.expires_at <= now:
        raise OfferOver(f"offer {offer_id} of {party}")
    return offered


def _seen(tx: Session, offered: ChangeOfferRow) -> ChangeOffer:
    quote = Quote.from_json(offered.quote)
    left = account_of(tx, tx.get_one(SubscriptionRow, offered.subscription_id), offered.created_at)
    return ChangeOffer(
        id=offered.id,
        subscription_id=offered.subscription_id,
        quote=quote,
        left=left.left,
        worth=credit(left.portions, quote.price.currency),
        ends_at=offered.ends_at,
        expires_at=offered.expires_at,
    )
