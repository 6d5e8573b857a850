from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.platform.i18n import LANGUAGES, NAMES, language
from services.platform.money import EXPONENTS, Money

NIGHT = datetime(2026, 12, 20, 21, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("ru", ["1 день", "2 дня", "5 дней", "11 дней", "21 день", "112 дней"]),
        ("uk", ["1 день", "2 дні", "5 днів", "11 днів", "21 день", "112 днів"]),
        ("en", ["1 day", "2 days", "5 days", "11 days", "21 days", "112 days"]),
    ],
)
def test_counting(code: str, wanted: list[str]) -> None:
    assert [language(code).n("{count} day", "{count} days", count) for count in (1, 2, 5, 11, 21, 112)] == wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("ru", ["299 ₽", "299,50 ₽", "1 299,05 ₴", "5 $", "0 €", "150 ⭐", "1 токен", "5 токенов"]),
        ("uk", ["299 ₽", "299,50 ₽", "1 299,05 ₴", "5 $", "0 €", "150 ⭐", "1 токен", "5 токенів"]),
        ("en", ["₽299", "₽299.50", "₴1,299.05", "$5", "€0", "150 ⭐", "1 token", "5 tokens"]),
    ],
)
def test_money(code: str, wanted: list[str]) -> None:
    amounts = (
        *(Money(29900, "RUB"), Money(29950, "RUB"), Money(129905, "UAH"), Money(500, "USD"), Money(0, "EUR")),
        *(Money(150, "XTR"), Money(1, "TOKEN"), Money(5, "BONUS")),
    )
    assert [language(code).money(amount).replace("\u00a0", " ") for amount in amounts] == wanted


def test_every_currency_can_be_written() -> None:
    for code in LANGUAGES:
        for currency in EXPONENTS:
            assert "7" in language(code).money(Money(700, currency))


def test_an_amount_does_not_break_over_lines() -> None:
    assert " " not in language("ru").money(Money(129950, "RUB"))


@pytest.mark.parametrize(
    ("code", "date", "moment"),
    [
        ("ru", "21 декабря 2026", "21 декабря 2026, 00:05 (Москва)"),
        ("uk", "21 грудня 2026", "21 грудня 2026, 00:05 (Москва)"),
        ("en", "21 December 2026", "21 December 2026, 00:05 (Moscow)"),
    ],
)
def test_dates_are_those_of_the_zone(code: str, date: str, moment: str) -> None:
    assert language(code).date(NIGHT, "Europe/Moscow") == date
    assert language(code).moment(NIGHT, "Europe/Moscow") == moment
    assert language(code).date(NIGHT, "Europe/London").startswith("20 ")


def test_a_city_that_was_renamed_has_its_name_in_each_language() -> None:
    cities = [language(code).moment(NIGHT, "Europe/Kyiv").rpartition("(")[2] for code in ("ru", "uk", "en")]
    assert cities == ["Киев)", "Київ)", "Kyiv)"]


def test_what_is_put_into_html_is_escaped_and_into_labels_not() -> None:
    _ = language("en")
    assert _("Hello, {name}!", name="<b>&{x}") == "Hello, &lt;b&gt;&amp;{x}!"
    assert _.label("Hello, {name}!", name="<b>&{x}") == "Hello, <b>&{x}!"


@pytest.mark.parametrize(
    ("code", "wanted"),
    [("ru", "ru"), ("uk", "uk"), ("en-US", "en"), ("UK", "uk"), ("de", "ru"), (None, "ru"), ("", "ru"), ("u", "ru")],
)
def test_telegrams_codes(code: str | None, wanted: str) -> None:
    assert language(code).code == wanted


def test_an_operators_texts_fall_back() -> None:
    uk = language("uk")
    assert uk.own({"uk": "так", "ru": "да"}) == "так"
    assert uk.own({"en": "yes", "ru": "да"}) == "да"
    assert uk.own({"en": "yes"}) == uk.own({"uk": "", "en": "yes"}) == "yes"
    assert uk.own({}) == ""


def test_every_language_has_a_name_and_a_catalogue() -> None:
    assert set(NAMES) == set(LANGUAGES)
    assert len({language(code).n("{count} day", "{count} days", 5) for code in LANGUAGES}) == 3
