"""The arithmetic of discounts. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from services.platform.money import Money


def discounted(price: Money, minimum: Money, *, percent: int = 0, amounts: Mapping[str, Money] | None = None) -> Money:
    """`price` less `percent` of it (the discount is rounded down to whole minor units: kopecks, Stars) and less what
    `amounts` says for its currency. Never below `minimum`, the smallest payment there is, nor above `price`."""
    off = price.minor * percent // 100
    if amounts and (fixed := amounts.get(price.currency)) is not None:
        off += fixed.minor
    least = min(minimum, price)
    left = Money(price.minor - min(off, price.minor), price.currency)
    return max(left, least)
