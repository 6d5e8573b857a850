from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from services.catalog.period import Period
from services.catalog.tariffs import Tariff, tariff
from services.platform.errors import Conflict
from services.platform.money import Money

LIMITS = ("traffic_bytes", "devices", "speed_mbps", "locations", "access", "traffic_reset")


class NotForSale(Conflict):
    """The tariff was withdrawn, is not for this person, or has no price in this currency."""

    code: ClassVar[str] = "not_for_sale"


@dataclass(frozen=True, slots=True)
class Quote:
    """A tariff's terms as they are sold: kept on the invoice, whatever becomes of the tariff. `price` is what is paid.

    `purpose` says what the payment is for: "subscription" (a period of the tariff), or what one of the services above
    sells under this tariff ("change", "topup", "gift"), and `subject` names that service's own row, where it has one.
    `list_price` is the price before a discount, `promo` the code that gave it. `grace` is how long access goes on after
    the end. `token_rate` (a decimal as text) is how many tokens one major unit of the price brings, where that is what
    is sold; `subscription_fee` is what each further period costs in tokens, `token_floor` how far below zero their
    balance may go."""

    tariff: str
    revision: int
    product: str
    name: Mapping[str, str]
    price: Money
    period: Period
    tokens: int
    traffic_bytes: int | None
    devices: int | None
    speed_mbps: int | None
    locations: tuple[str, ...]
    access: tuple[str, ...]
    purpose: str = "subscription"
    subject: int | None = None
    list_price: Money | None = None
    promo: str | None = None
    grace: Period | None = None
    token_rate: str | None = None
    subscription_fee: int = 0
    token_floor: int = 0
    traffic_reset: str = "period"

    def gives_the_same_as(self, other: Quote) -> bool:
        """Its periods can be added to the other's: they differ in length and price only."""
        return all(getattr(self, name) == getattr(other, name) for name in LIMITS)

    def as_terms(self) -> Quote:
        """What is in force once it is paid: the tariff at its listed price, however this one payment was made."""
        price = self.list_price or self.price
        return replace(self, purpose="subscription", subject=None, price=price, list_price=None, promo=None)

    def to_json(self) -> dict[str, Any]:
        return {
            "tariff": self.tariff,
            "revision": self.revision,
            "product": self.product,
            "name": dict(self.name),
            "price": {"minor": self.price.minor, "currency": self.price.currency},
            "period": self.period.to_json(),
            "tokens": self.tokens,
            "traffic_bytes": self.traffic_bytes,
            "devices": self.devices,
            "speed_mbps": self.speed_mbps,
            "locations": list(self.locations),
            "access": list(self.access),
            **self._beyond_the_ordinary(),
        }

    def _beyond_the_ordinary(self) -> dict[str, Any]:
        """Only what is set: invoices of earlier releases have none of it, and are found again by their quotes."""
        given = {
            "purpose": None if self.purpose == "subscription" else self.purpose,
            "subject": self.subject,
            "list_price": self.list_price and {"minor": self.list_price.minor, "currency": self.list_price.currency},
            "promo": self.promo,
            "grace": self.grace and self.grace.to_json(),
            "token_rate": self.token_rate,
            "subscription_fee": self.subscription_fee or None,
            "token_floor": self.token_floor or None,
            "traffic_reset": None if self.traffic_reset == "period" else self.traffic_reset,
        }
        return {name: value for name, value in given.items() if value is not None}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Quote:
        """Names that this release does not know are ignored."""
        known = {field.name for field in fields(cls)}
        read = {name: value for name, value in body.items() if name in known}
        read |= {"locations": tuple(body["locations"]), "access": tuple(body["access"])}
        read |= {"price": Money(**body["price"]), "period": Period.from_json(body["period"])}
        if list_price := body.get("list_price"):
            read["list_price"] = Money(**list_price)
        if grace := body.get("grace"):
            read["grace"] = Period.from_json(grace)
        return cls(**read)


def quote(tx: Session, slug: str, currency: str, audiences: Collection[str]) -> Quote:
    """At its listed price. Raises TariffNotFound or NotForSale."""
    offered = tariff(tx, slug)
    price = offered.prices.get(currency)
    if not offered.active or offered.audience not in audiences or price is None:
        raise NotForSale(slug)
    return terms(offered, price)


def terms(offered: Tariff, price: Money) -> Quote:
    """A tariff's terms at this price; whether it is on sale is the caller's matter."""
    return Quote(
        tariff=offered.slug,
        revision=offered.revision,
        product=offered.product,
        name=offered.name,
        price=price,
        period=offered.period,
        tokens=offered.tokens,
        traffic_bytes=offered.traffic_bytes,
        devices=offered.devices,
        speed_mbps=offered.speed_mbps,
        locations=offered.locations,
        access=offered.access,
        grace=offered.grace,
        subscription_fee=offered.subscription_fee,
        token_floor=offered.token_floor,
        traffic_reset=offered.traffic_reset,
    )
