"""What the promo code that somebody has typed does to a tariff, with each way to pay."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from services import promotions
from services.billing import PaymentProvider
from services.catalog import Tariff
from services.identity import User
from services.platform.money import Money
from services.promotions import PromoCode, PromoRefused


@dataclass(frozen=True, slots=True)
class Cheaper:
    """`prices` by provider, of those with which the code works (a code that gives something leaves them as they are);
    `smallest` those where it would take off more than can be; `refusal`: it works with none."""

    prices: Mapping[str, Money] = field(default_factory=dict)
    smallest: frozenset[str] = frozenset()
    refusal: PromoRefused | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """`refusal`: it works for nothing that this person could buy."""

    code: PromoCode | None
    audiences: Collection[str] = ()
    refusal: PromoRefused | None = None

    def for_tariff(self, tariff: Tariff, providers: Mapping[str, PaymentProvider], now: datetime) -> Cheaper:
        if self.code is None or self.refusal is not None:
            return Cheaper(refusal=self.refusal)
        deals, refusal = {}, None
        for name, provider in providers.items():
            price = tariff.prices[provider.currency]
            try:
                purchase = promotions.Purchase(tariff.slug, price, provider.minimum, self.audiences)
                deals[name] = promotions.deal(self.code, purchase, now)
            except PromoRefused as error:
                refusal = refusal or error
        return Cheaper(
            {name: deal.price for name, deal in deals.items()},
            frozenset(name for name, deal in deals.items() if deal.at_minimum),
            None if deals else refusal,
        )


def typed_code(tx: Session, user: User, audiences: Collection[str], now: datetime) -> Typed:
    """The one remembered for this person, if any, and whether it may still be used."""
    code = promotions.pending(tx, user.party, now)
    if code is None:
        return Typed(None)
    try:
        promotions.require_valid(code, audiences, now)
        promotions.require_left(tx, code, user.party, now)
    except PromoRefused as error:
        return Typed(code, refusal=error)
    return Typed(code, audiences)
