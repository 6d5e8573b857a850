"""What days are worth. Pure, exact (fractions, no floats), with one rounding in each direction, both stated here.

A portion is worth the part of its price that is not used up: `value * left / whole`. Another tariff's time for that is
`worth * period / price`, rounded down to whole seconds for each portion; money is rounded down to whole kopecks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import ClassVar

from services.platform.errors import Conflict
from services.platform.money import Money
from services.subscriptions.timeline import MICROSECOND, NOTHING, Portion

SECOND = timedelta(seconds=1)


class OtherCurrency(Conflict):
    """What is left was paid in another currency than the new tariff would be: there is no rate between them here."""

    code: ClassVar[str] = "other_currency"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a change of tariff costs now (maybe nothing) and the time that is there after it."""

    price: Money
    portions: tuple[Portion, ...]

    @property
    def left(self) -> timedelta:
        return sum((one.left for one in self.portions), NOTHING)


def worth(portion: Portion) -> Fraction:
    """In minor units of its currency, exact."""
    return Fraction(portion.value.minor * (portion.left // MICROSECOND), portion.whole // MICROSECOND)


def credit(portions: Sequence[Portion], currency: str) -> Money:
    """What all of it is worth. Raises OtherCurrency."""
    if any(one.value.currency != currency for one in portions if one.value.minor):
        raise OtherCurrency(f"not all of it was paid in {currency}")
    return Money(int(sum((worth(one) for one in portions), Fraction())), currency)


def convert(portions: Sequence[Portion], price: Money, period: timedelta) -> tuple[Portion, ...]:
    """The same value as time of a tariff that costs `price` for `period`. Days that were free stay as many days."""
    converted = []
    for one in portions:
        if not one.value.minor:
            converted.append(one)
            continue
        left = int(worth(one) * Fraction(period // SECOND, price.minor)) * SECOND
        whole = one.value.minor * (period // MICROSECOND) // price.minor * MICROSECOND
        if left:
            converted.append(replace(one, left=left, whole=max(whole, left)))
    return tuple(converted)


def exchange(
    portions: Sequence[Portion], price: Money, period: timedelta, *, source: str, minimum: Money | None = None
) -> Exchange:
    """Changes to a tariff that costs `price` for `period`, from this moment on.

    - What is left is worth less than the price: the difference is paid (by `source`), and one whole period begins (and
      free days, if there are any, follow).
    - It is worth as much or more, or the difference is below `minimum`, the smallest payment there is: nothing is paid,
      and the time is what that value buys.

    Raises OtherCurrency."""
    due = price - credit(portions, price.currency)
    converted = convert(portions, price, period)
    if due.minor <= 0 or (minimum is not None and due < minimum):
        return Exchange(Money(0, price.currency), converted)
    rest = period - sum((one.left for one in converted if one.value.minor), NOTHING)
    return Exchange(due, (*converted, Portion(source, rest, rest, due)))
