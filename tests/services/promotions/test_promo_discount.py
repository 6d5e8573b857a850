"""The arithmetic of discounts, and how codes are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import promotions
from services.platform.money import Money
from services.promotions import discounted

CURRENCIES = st.sampled_from(["RUB", "UAH", "USD", "XTR"])


@st.composite
def cases(draw: st.DrawFn) -> tuple[Money, Money, int, dict[str, Money]]:
    currency = draw(CURRENCIES)
    price = Money(draw(st.integers(1, 10**9)), currency)
    minimum = Money(draw(st.integers(1, 10**4)), currency)
    percent = draw(st.integers(0, 100))
    amounts = {one: Money(draw(st.integers(1, 10**9)), one) for one in draw(st.sets(CURRENCIES))}
    return price, minimum, percent, amounts


@given(cases())
def test_a_price_is_never_below_the_smallest_payment_nor_above_the_list(
    case: tuple[Money, Money, int, dict[str, Money]],
) -> None:
    price, minimum, percent, amounts = case
    left = discounted(price, minimum, percent=percent, amounts=amounts)
    assert left.currency == price.currency
    assert 0 < left.minor <= price.minor
    assert left.minor >= min(minimum.minor, price.minor)


@given(cases())
def test_a_percent_is_never_rounded_in_the_buyers_favour_by_a_whole_unit(
    case: tuple[Money, Money, int, dict[str, Money]],
) -> None:
    price, _minimum, percent, _amounts = case
    off = price.minor - discounted(price, Money(0, price.currency), percent=percent).minor
    assert off * 100 <= price.minor * percent < (off + 1) * 100


@given(cases())
def test_a_bigger_discount_is_never_a_bigger_price(case: tuple[Money, Money, int, dict[str, Money]]) -> None:
    price, minimum, percent, amounts = case
    smaller = discounted(price, minimum, percent=percent, amounts=amounts)
    bigger = discounted(price, minimum, percent=min(percent + 1, 100), amounts=amounts)
    assert bigger <= smaller
    assert discounted(price, minimum) == price, "without a discount it stays what it is"


@pytest.mark.parametrize(
    ("price", "percent", "left"),
    [
        (Money(29900, "RUB"), 20, 23920),
        (Money(29999, "RUB"), 15, 25500),  # 4499.85 off is 4499
        (Money(150, "XTR"), 33, 101),  # 49.5 off is 49
        (Money(29900, "RUB"), 100, 100),
        (Money(50, "RUB"), 100, 50),  # below the smallest payment already: it is not made dearer
    ],
)
def test_percents(price: Money, percent: int, left: int) -> None:
    assert (
        discounted(price, Money(100 if price.currency == "RUB" else 1, price.currency), percent=percent).minor == left
    )


def test_fixed_amounts_are_by_currency() -> None:
    amounts = {"RUB": Money(10000, "RUB")}
    assert discounted(Money(29900, "RUB"), Money(100, "RUB"), amounts=amounts).minor == 19900
    assert discounted(Money(10050, "RUB"), Money(100, "RUB"), amounts=amounts).minor == 100
    assert discounted(Money(150, "XTR"), Money(1, "XTR"), amounts=amounts).minor == 150


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("SUMMER-25", "SUMMER-25"),
        (" summer-25\n", "SUMMER-25"),
        ("summer - 25", "SUMMER-25"),
        ("SUMMER—25", "SUMMER-25"),
        ("ТОР_10", "TOP_10"),  # Cyrillic letters that look Latin
        ("мск", "MCK"),
        ("ＴＥＳＴ", "TEST"),
        ("AB", None),
        ("-AB", None),
        ("A" * 33, None),
        ("ЛЕТО", None),
        ("A'; DROP", None),
        ("", None),
        ("A" * 10**6, None),
    ],
)
def test_what_people_type_is_read_kindly(typed: str, code: str | None) -> None:
    assert promotions.normal(typed) == code
