from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.money import EXPONENTS, LIMIT, BadAmount, Money

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
MINORS = st.integers(-LIMIT + 1, LIMIT - 1)


@given(minor=MINORS, currency=CURRENCIES)
def test_the_written_form_reads_back_exactly(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.parse(str(money), currency) == money
    assert Decimal(str(money)) == money.decimal == Decimal(minor) / 10 ** EXPONENTS[currency]


@given(whole=st.integers(0, 10**9), kopecks=st.integers(0, 99))
def test_parses_what_people_and_providers_write(whole: int, kopecks: int) -> None:
    assert Money.parse(f"{whole}.{kopecks:02}", "RUB") == Money(whole * 100 + kopecks, "RUB")
    assert Money.parse(str(whole), "RUB") == Money(whole * 100, "RUB")
    assert Money.parse(f"{whole}.{kopecks // 10}", "RUB") == Money(whole * 100 + kopecks // 10 * 10, "RUB")


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", " 1", "1 ", "1\n", "1.", ".5", "1.2.3", "1,50", "1_000", "1 000", "+1", "--1", "1e5", "1E5", "0x10"),
        *("299.999", "0.001", "NaN", "Infinity", "-Infinity", "١٢", "१२", "１２", "1.٥", "²", "1.0 ₽"),
        *("9" * 14, "9" * 400, "100000000000.00"),
    ],
)
def test_refuses_everything_else(text: str) -> None:
    with pytest.raises(BadAmount):
        Money.parse(text, "RUB")


@given(st.text(max_size=20))
def test_reads_exactly_or_refuses(text: str) -> None:
    try:
        money = Money.parse(text, "RUB")
    except BadAmount:
        return
    assert text.isascii()
    assert Decimal(text) * 100 == money.minor


@pytest.mark.parametrize("amount", [299.0, 299, Decimal(299), None, b"299", True])
def test_only_text_is_parsed(amount: object) -> None:
    with pytest.raises(BadAmount):
        Money.parse(amount, "RUB")  # type: ignore[arg-type]


@pytest.mark.parametrize("minor", [299.0, Decimal(299), "299", None, True, LIMIT, -LIMIT])
def test_minor_units_are_whole_and_not_huge(minor: object) -> None:
    with pytest.raises(BadAmount):
        Money(minor, "RUB")  # type: ignore[arg-type]


def test_digits_after_the_point_are_the_currencys() -> None:
    assert Money.parse("150", "XTR") == Money(150, "XTR")
    assert Money.parse("150.00", "XTR") == Money(150, "XTR")
    with pytest.raises(BadAmount):
        Money.parse("150.5", "XTR")
    for currency in ("BTC", "rub", "", "RUB "):
        with pytest.raises(BadAmount):
            Money.parse("1", currency)


@given(a=st.integers(-(10**12), 10**12), b=st.integers(-(10**12), 10**12), currency=CURRENCIES)
def test_arithmetic_is_that_of_minor_units(a: int, b: int, currency: str) -> None:
    x, y = Money(a, currency), Money(b, currency)
    assert x + y == Money(a + b, currency)
    assert x - y == Money(a - b, currency)
    assert -x == Money(-a, currency)
    assert (x < y, x <= y, x > y, x >= y, x == y) == (a < b, a <= b, a > b, a >= b, a == b)


def test_currencies_and_bare_numbers_do_not_mix() -> None:
    rub, uah = Money(100, "RUB"), Money(100, "UAH")
    assert rub != uah
    for mix in (lambda: rub + uah, lambda: rub - uah, lambda: rub < uah, lambda: rub <= uah, lambda: rub > uah):
        with pytest.raises(BadAmount):
            mix()
    for number in (1, 1.0, Decimal(1)):
        with pytest.raises((TypeError, AttributeError)):
            rub + number  # type: ignore[operator]


def test_a_sum_above_the_limit_is_refused_and_not_wrong() -> None:
    with pytest.raises(BadAmount):
        Money(LIMIT - 1, "RUB") + Money(1, "RUB")
