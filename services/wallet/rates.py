"""Money and usage into whole tokens: the only places where anything is rounded."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from services.platform.money import LIMIT, Money
from services.wallet.errors import BadUsage

WRITTEN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
EXACT = Context(prec=100)  # three factors of at most 24 digits: nothing is rounded on the way


def tokens_for(amount: Money, rate: Decimal) -> int:
    """`rate` tokens for each major unit, rounded down to whole tokens: 199.99 RUB at 1.5 are 299."""
    return int(EXACT.multiply(amount.decimal, rate).to_integral_value(ROUND_FLOOR))


def usage_cost(units: str, price: str, multiplier: str = "1") -> int:
    """units x price x multiplier in tokens, rounded up once, at the end: "3" x "0.7" x "3.14" are 7.
    Raises BadUsage."""
    exact = Decimal(1)
    for name, text in (("units", units), ("price", price), ("multiplier", multiplier)):
        if not WRITTEN.fullmatch(text):
            raise BadUsage(f"{name} is a decimal in quotes, 0 or more")
        exact = EXACT.multiply(exact, Decimal(text))
    if exact >= LIMIT:
        raise BadUsage("that costs more than anybody has")
    return int(exact.to_integral_value(ROUND_CEILING))
