"""A campaign: what an operator promises for receipts, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from services.platform.money import Money

BONUSES = ("fixed", "percent", "per_item", "tiers")
BASES = ("matched", "total")
STACKS = ("best", "sum", "first")
PAYOUTS = ("balance", "portmone", "manual")
SPANS = ("day", "week", "month", "total")
STATES = ("running", "stopped")


@dataclass(frozen=True, slots=True)
class Product:
    """`min_score` is from 0.5 to 1: how alike an alias of six letters or more must be."""

    sku: str
    name: str
    aliases: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    min_score: Decimal = Decimal("0.8")


@dataclass(frozen=True, slots=True)
class Shops:
    """Where it must be bought; without any, anywhere."""

    tax_ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bonus:
    """`minor` is of fixed and per_item, `percent` in hundredths of a percent (5 % is 500), `tiers` pairs of (from this
    base on, so much) in minor units, in rising order. `base` is what percent and tiers look at."""

    kind: Literal["fixed", "percent", "per_item", "tiers"]
    base: Literal["matched", "total"] = "matched"
    minor: int = 0
    percent: int = 0
    tiers: tuple[tuple[int, int], ...] = ()
    least: int = 0
    most: int | None = None

    @property
    def looks_at(self) -> Literal["matched", "total", "quantity"] | None:
        """What must be known of a receipt to reckon it."""
        if self.kind == "fixed":
            return None
        return "quantity" if self.kind == "per_item" else self.base


@dataclass(frozen=True, slots=True)
class Limits:
    """For one person: `counts` receipts and `sums` minor units by span (SPANS); `per_receipt` minor units."""

    per_receipt: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    sums: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Campaign:
    """Sums are minor units of `currency`. A receipt counts by the moment of purchase in [starts_at, ends_at); days,
    weeks and months are those of `time_zone`. `min_quantity` is pieces of promoted products."""

    slug: str
    version: int
    state: str
    name: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    currency: str
    budget: int
    products: tuple[Product, ...]
    bonus: Bonus
    limits: Limits
    shops: Shops = Shops()
    countries: tuple[str, ...] = ()
    fiscal: bool = True
    max_age_days: int = 7
    min_total: int = 0
    min_matched_sum: int = 0
    min_quantity: int = 0
    new_people_days: int | None = None
    priority: int = 0
    stack: Literal["best", "sum", "first"] = "best"
    payout: Literal["balance", "portmone", "manual"] = "balance"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    @classmethod
    def from_rules(cls, slug: str, version: int, state: str, rules: Mapping[str, Any]) -> Self:
        """Of the plain values that are stored (form.py makes them): the opposite of what was read from a file."""
        given = dict(rules)
        given["products"] = tuple(_product(one) for one in given["products"])
        given["shops"] = Shops(**{name: tuple(words) for name, words in given["shops"].items()})
        given["bonus"] = _bonus(given["bonus"])
        given["limits"] = Limits(**given["limits"])
        given["countries"] = tuple(given["countries"])
        for name in ("starts_at", "ends_at"):
            given[name] = datetime.fromisoformat(given[name])
        return cls(slug=slug, version=version, state=state, **given)


def _product(given: Mapping[str, Any]) -> Product:
    return Product(
        sku=given["sku"],
        name=given["name"],
        aliases=tuple(given["aliases"]),
        exclude=tuple(given["exclude"]),
        min_score=Decimal(given["min_score"]),
    )


def _bonus(given: Mapping[str, Any]) -> Bonus:
    tiers = tuple((least, minor) for least, minor in given.get("tiers", ()))
    return Bonus(**{**given, "tiers": tiers})
