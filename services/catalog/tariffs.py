from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.catalog.models import TariffRow
from services.catalog.period import Period
from services.platform.errors import NotFound
from services.platform.money import Money

AUDIENCES = ("all", "new", "existing", "invited", "trial")


class TariffNotFound(NotFound):
    code: ClassVar[str] = "tariff_not_found"


@dataclass(frozen=True, slots=True)
class Tariff:
    """What an operator offers. Texts are by language; None for traffic, devices or speed means unlimited.
    `access` names the goods delivered (goods.py); `locations` are server codes, none meaning any; `traffic_reset` is
    when used traffic is forgotten: with each paid "period", never ("none"), or by the calendar; `grace` is how long
    access goes on after the end. A tariff whose audience is "trial" is not sold: it is given once, for its period.

    `token_rate` is how many tokens one major unit of a currency brings when it is paid in, `top_up` the sums on the
    buttons; the balance may go `token_floor` tokens below zero."""

    slug: str
    revision: int
    product: str
    name: Mapping[str, str]
    description: Mapping[str, str]
    features: Mapping[str, list[str]]
    prices: Mapping[str, Money]
    period: Period
    tokens: int
    subscription_fee: int
    minimum_payments: Mapping[str, Money]
    traffic_bytes: int | None
    devices: int | None
    speed_mbps: int | None
    locations: tuple[str, ...]
    access: tuple[str, ...]
    position: int
    active: bool
    audience: str
    grace: Period | None = None
    top_up: Mapping[str, tuple[Money, ...]] = field(default_factory=dict)
    token_rate: Mapping[str, Decimal] = field(default_factory=dict)
    token_floor: int = 0
    traffic_reset: str = "period"


def tariff(tx: Session, slug: str) -> Tariff:
    """Raises TariffNotFound; also gives tariffs that are no longer sold (their owners look at them)."""
    row = tx.get(TariffRow, slug)
    if row is None:
        raise TariffNotFound(slug[:80])
    return read(row)


def list_tariffs(tx: Session, audiences: Collection[str]) -> list[Tariff]:
    """What is on sale to a person who belongs to these audiences, in the operator's order."""
    on_sale = select(TariffRow).where(TariffRow.active, TariffRow.audience.in_(audiences))
    return [read(row) for row in tx.scalars(on_sale.order_by(TariffRow.position, TariffRow.slug))]


def read(row: TariffRow) -> Tariff:
    return Tariff(
        slug=row.slug,
        revision=row.revision,
        product=row.product,
        name=row.name,
        description=row.description,
        features=row.features,
        prices={currency: Money(minor, currency) for currency, minor in row.prices.items()},
        period=Period.from_json(row.period),
        tokens=row.tokens,
        subscription_fee=row.subscription_fee,
        minimum_payments={currency: Money(minor, currency) for currency, minor in row.minimum_payments.items()},
        traffic_bytes=row.traffic_bytes,
        devices=row.devices,
        speed_mbps=row.speed_mbps,
        locations=tuple(row.locations["codes"]),
        access=tuple(row.access["kinds"]),
        position=row.position,
        active=row.active,
        audience=row.audience,
        grace=Period.from_json(row.grace) if row.grace else None,
        top_up={
            currency: tuple(Money(minor, currency) for minor in sums) for currency, sums in (row.top_up or {}).items()
        },
        token_rate={currency: Decimal(rate) for currency, rate in (row.token_rate or {}).items()},
        token_floor=row.token_floor or 0,
        traffic_reset=row.traffic_reset or "period",
    )
