"""What a code does to a purchase, or why nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.platform.money import Money
from services.promotions.codes import PromoCode, find
from services.promotions.discount import discounted
from services.promotions.errors import (
    PromoBelowMinimum,
    PromoNotForPayment,
    PromoNotForTariff,
    PromoNotForYou,
    PromoNotYet,
    PromoOver,
    PromoWithoutPurchase,
)


@dataclass(frozen=True, slots=True)
class Purchase:
    """A tariff at its listed price. `minimum` is the smallest payment of the chosen provider; `audiences` are those of
    the buyer."""

    tariff: str
    price: Money
    minimum: Money
    audiences: Collection[str]


@dataclass(frozen=True, slots=True)
class Deal:
    """`price` is what is left to pay. `at_minimum`: the code would take off more, but less cannot be paid."""

    code: PromoCode
    price: Money
    at_minimum: bool


def appraise(tx: Session, text: str, purchase: Purchase, now: datetime, *, lock: bool = False) -> Deal:
    """Everything but the limits, which `reserve` counts; `lock` as in `find`. Raises PromoRefused."""
    return deal(find(tx, text, lock=lock), purchase, now)


def require_valid(code: PromoCode, audiences: Collection[str], now: datetime) -> None:
    """Now, for such a person. Raises PromoRefused."""
    if not code.active or (code.valid_until is not None and code.valid_until <= now):
        raise PromoOver(code.code)
    if code.valid_from is not None and now < code.valid_from:
        raise PromoNotYet(code.code, code.valid_from)
    if code.audience != "all" and code.audience not in audiences:
        raise PromoNotForYou(code.code, code.audience)


def deal(code: PromoCode, purchase: Purchase, now: datetime) -> Deal:
    """Pure. Raises PromoRefused."""
    require_valid(code, purchase.audiences, now)
    if not code.needs_purchase:
        raise PromoWithoutPurchase(code.code)
    if code.tariffs and purchase.tariff not in code.tariffs:
        raise PromoNotForTariff(code.code)
    price = purchase.price
    if code.minimum:
        least = code.minimum.get(price.currency)
        if least is None:
            raise PromoNotForPayment(f"{code.code} says nothing of {price.currency}")
        if price < least:
            raise PromoBelowMinimum(code.code, least)
    percent = code.value if code.kind == "percent" else 0
    left = discounted(price, purchase.minimum, percent=percent, amounts=code.amounts)
    if code.kind in ("percent", "fixed") and left == price:
        raise PromoNotForPayment(f"{code.code} takes nothing off {price} {price.currency}")
    nothing_less = Money(0, price.currency)
    at_minimum = left != discounted(price, nothing_less, percent=percent, amounts=code.amounts)
    return Deal(code, left, at_minimum)
