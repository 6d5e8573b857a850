from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from services.catalog.period import Period
from services.catalog.tariffs import tariff
from services.platform.errors import Conflict
from services.platform.money import Money


class NotForSale(Conflict):
    """The tariff was withdrawn, is not for this person, or has no price in this currency."""

    code: ClassVar[str] = "not_for_sale"


@dataclass(frozen=True, slots=True)
class Quote:
    """A tariff's terms as they are sold: kept on the invoice, whatever becomes of the tariff."""

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
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Quote:
        return cls(
            **{**body, "locations": tuple(body["locations"]), "access": tuple(body["access"])}
            | {"price": Money(**body["price"]), "period": Period.from_json(body["period"])}
        )


def quote(tx: Session, slug: str, currency: str, audiences: Collection[str]) -> Quote:
    """Raises TariffNotFound or NotForSale."""
    offered = tariff(tx, slug)
    price = offered.prices.get(currency)
    if not offered.active or offered.audience not in audiences or price is None:
        raise NotForSale(slug)
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
    )
