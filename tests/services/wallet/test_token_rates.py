"""Money and usage into whole tokens: exact, rounded once, in the stated direction."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import wallet
from services.platform.money import Money

decimals = st.decimals(0, 999_999, places=6, allow_nan=False).map(lambda number: f"{number:f}")


@pytest.mark.parametrize(
    ("amount", "rate", "tokens"),
    [("200.00", "1", 200), ("199.99", "1", 199), ("199.99", "1.5", 299), ("0.01", "1", 0), ("0.29", "100", 29)],
)
def test_top_ups_round_down(amount: str, rate: str, tokens: int) -> None:
    assert wallet.tokens_for(Money.parse(amount, "RUB"), Decimal(rate)) == tokens


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (("3", "0.7", "3.14"), 7),  # 6.594
        (("10", "0.1", "1"), 1),  # with floats 0.1 x 3 would already be too much
        (("30", "0.1", "1"), 3),
        (("0.000001", "1", "1"), 1),
        (("0", "5", "3.14"), 0),
        (("1000000", "0.000001", "1"), 1),
    ],
)
def test_usage_rounds_up_once(usage: tuple[str, str, str], tokens: int) -> None:
    assert wallet.usage_cost(*usage) == tokens


@pytest.mark.parametrize("bad", ["-1", "1e3", "", "1,5", " 1", "NaN", "Infinity", "1.", "٣", "1" * 13, "1." + "0" * 13])
def test_what_is_not_a_decimal_is_no_usage(bad: str) -> None:
    for usage in ((bad, "1", "1"), ("1", bad, "1"), ("1", "1", bad)):
        with pytest.raises(wallet.BadUsage):
            wallet.usage_cost(*usage)


def test_usage_that_nobody_can_pay_is_refused() -> None:
    with pytest.raises(wallet.BadUsage):
        wallet.usage_cost("999999999999", "999999999999")


@given(decimals, decimals, decimals)
def test_usage_is_the_least_whole_number_that_covers_it(units: str, price: str, multiplier: str) -> None:
    exact = Fraction(units) * Fraction(price) * Fraction(multiplier)
    if exact < 10**13:
        cost = wallet.usage_cost(units, price, multiplier)
        assert cost - 1 < exact <= cost


@given(st.integers(1, 10**9), st.decimals(Decimal("0.000001"), 999_999, places=6))
def test_a_top_up_is_the_greatest_whole_number_that_was_paid_for(minor: int, rate: Decimal) -> None:
    exact = Fraction(minor, 100) * Fraction(rate)
    tokens = wallet.tokens_for(Money(minor, "RUB"), rate)
    assert tokens <= exact < tokens + 1
