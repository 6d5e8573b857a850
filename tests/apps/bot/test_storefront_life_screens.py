"""The screens of a subscription's life in every language and state: Telegram takes them, nothing is left in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiogram.filters.callback_data import CallbackData

from apps.bot import callbacks_life as life
from apps.bot.callbacks import Way
from apps.bot.screen import Screen
from apps.bot.screens import change, manage, menu, payment, shop, subscription, terms, trial, words
from apps.sandbox.telegram.entities import parse_html
from services.catalog import Period
from services.notifications import buttons
from services.platform.i18n import LANGUAGES, Language, language
from services.platform.money import Money
from services.subscriptions import ChangeOffer, Subscription
from services.subscriptions.states import TABLE
from tests.apps.bot.test_storefront_screens import INTERNATIONAL, INVOICE, NAME, NOW, PRICE, QUOTE, TARIFF, ZONE, labels
from tests.apps.bot.test_storefront_screens import owned as owned_active

HUGE = 2**63 - 1
STATES = sorted({state for state, _ in TABLE} | set(TABLE.values()))
TRIAL = replace(TARIFF, audience="trial", prices={}, period=Period(3, "day"))


def in_state(state: str) -> Subscription:
    ends_in = {"grace": -timedelta(hours=1), "expired": -timedelta(days=5)}.get(state, timedelta(days=12, hours=3))
    one = replace(owned_active(HUGE, ends_in), state=state, started_at=NOW - timedelta(days=18))
    if state == "grace":
        return replace(one, grace_ends_at=NOW + timedelta(days=3))
    return replace(one, paused_at=NOW) if state == "paused" else one


def offered(price: Money) -> ChangeOffer:
    other = replace(
        QUOTE, devices=None, traffic_bytes=10**11, speed_mbps=50, locations=("de1", "xx"), price=price,
        list_price=Money(59900, price.currency), purpose="change", subject=HUGE,
    )  # fmt: skip
    left = timedelta(days=12, hours=3)
    return ChangeOffer(HUGE, HUGE, other, left, Money(12050, price.currency), NOW + left, NOW + timedelta(minutes=15))


def screens(_: Language) -> Iterator[Screen]:
    yield from (menu.render_welcome(_, "Anna", menu.Choices(trials=trials)) for trials in ([TRIAL], [TRIAL, TRIAL]))
    special = menu.Choices(trials=[TRIAL], has_wallet=True)
    yield from (menu.render_menu(_, special), menu.render_language_chosen(_, special))
    offer = shop.Offer(TARIFF, {"yookassa": PRICE}, balance=PRICE)
    yield from (shop.render_catalogue(_, offers, [TRIAL]) for offers in ([], [offer]))
    yield shop.render_card(_, offer, ["Frankfurt"], change_of=HUGE)
    yield from (trial.render_trial(_, TRIAL, agreed=agreed) for agreed in (True, False))
    yield from (trial.render_trial_begun(_, TRIAL), trial.render_trial_used(_))
    yield terms.render_terms_before_trial(_, TRIAL.slug)
    notes = [manage.paused(_), manage.resumed(_), manage.canceled(_), manage.kept(_), manage.not_now(_)]
    for state in STATES:
        one = in_state(state)
        for note in (None, *notes, change.changed(_)):
            yield manage.render_manage(_, one, NOW, ZONE, note)
        yield from (manage.render_pause(_, one, NOW), manage.render_cancel(_, one, ZONE))
        yield from (change.render_cannot_change(_, one), change.render_other_currency(_, one))
        yield from (change.render_tariffs(_, one, offers) for offers in ([], [offer]))
        for several in ([one], [one, one]):
            yield subscription.render_subscriptions(_, several, NOW, ZONE, has_cards=True)
        yield subscription.render_stands_still(_, one)
        places = {"de1": "Frankfurt"}
        ways = ("yookassa", "robokassa", "stars", "cryptopay", "balance", "other")
        for minor in (0, 47850):
            yield change.render_offer(_, one, offered(Money(minor, "RUB")), ways, places, ZONE, change.over(_))
            yield change.render_offer(_, one, offered(Money(minor, "XTR")), ways, {}, ZONE, shop.instead_of_buying(_))
    way = Way("yookassa", TARIFF.slug, offer_id=HUGE)
    yield from (terms.render_consent(_, way, PRICE), terms.render_terms_before_payment(_, way))
    yield payment.render_pay(_, INVOICE, HUGE, "https://pay", way, "no")
    yes = life.SpendOnChange(offer_id=HUGE)
    yield from (payment.render_spend(_, way, NAME[_.code], PRICE, PRICE, yes), payment.render_not_opened(_, way, "x"))


@pytest.mark.parametrize("code", LANGUAGES)
def test_telegram_takes_every_screen_of_life(code: str) -> None:
    for screen in screens(language(code)):
        said, _ = parse_html(screen.text)
        assert said.strip() == said
        assert 0 < len(said) <= 4096
        assert all(0 < len(button) <= 64 for button in labels(screen))
        assert screen.keyboard
        assert all(len(one.callback_data or "") <= 64 for row in screen.keyboard.inline_keyboard for one in row)


@pytest.mark.parametrize("code", ["ru", "uk"])
def test_no_english_is_left_in_a_life(code: str) -> None:
    for screen in screens(language(code)):
        for said in (parse_html(screen.text)[0], *labels(screen)):
            assert not re.search("[A-Za-z]{3,}", re.sub(INTERNATIONAL, "", said)), said


@pytest.mark.parametrize(
    ("state", "said", "offered"),
    [
        ("trial", "🎁 Free trial until", "Choose a tariff"),
        ("active", "✅ Active until", "⏸ Pause"),
        ("canceled", "🔕 Will not be renewed, works until", "🔔 Keep the subscription"),
        ("grace", "Access goes on until", "Renew"),
        ("paused", "⏸ Paused. Its time is kept: 12 days 3 hours.", "Resume"),
        ("expired", "⌛ Ended on", "Renew"),
    ],
)
def test_each_state_in_words_with_what_can_be_done(state: str, said: str, offered: str) -> None:
    screen = manage.render_manage(language("en"), in_state(state), NOW, ZONE)
    assert said in screen.text
    assert offered in labels(screen)
    can_pause, can_cancel = ("⏸ Pause" in labels(screen), "🔕 Cancel the subscription" in labels(screen))
    assert (can_pause, can_cancel) == ((state, "paused") in TABLE, (state, "canceled") in TABLE)
    assert ("Access and keys" in labels(screen)) == (state not in ("paused", "expired"))
    assert ("Change the tariff" in labels(screen)) == ((state, "changed") in TABLE)


def test_a_preview_names_only_what_becomes_other() -> None:
    _ = language("en")
    assert change.differences(_, QUOTE, QUOTE, {}) == []
    other = replace(QUOTE, devices=10, locations=("de1", "nl1"))
    places = {"de1": "Frankfurt", "nl1": "Amsterdam"}
    assert change.differences(_, QUOTE, other, places) == [
        "Devices: 3 → <b>10</b>",
        "Locations: all → <b>Frankfurt, Amsterdam</b>",
    ]


@pytest.mark.parametrize(
    ("code", "span", "expected"),
    [
        ("ru", timedelta(days=12, hours=3), "12 дней 3 часа"),
        ("uk", timedelta(days=1, hours=1, minutes=59), "1 день 1 година"),
        ("en", timedelta(days=2), "2 days"),
        ("ru", timedelta(hours=5), "5 часов"),
        ("en", timedelta(minutes=59), "less than an hour"),
    ],
)
def test_spans_in_words(code: str, span: timedelta, expected: str) -> None:
    assert words.duration(language(code), span) == expected


def test_the_picture_of_what_is_left() -> None:
    day = timedelta(days=1)
    assert words.gauge(30 * day, 30 * day) == "▰" * 10
    assert words.gauge(3 * day, 30 * day) == "▰▱▱▱▱▱▱▱▱▱"
    assert words.gauge(timedelta(minutes=1), 30 * day) == "▰▱▱▱▱▱▱▱▱▱"
    assert words.gauge(40 * day, 30 * day) == "▰" * 10
    assert words.gauge(day * 0, day) == words.gauge(day, day * 0) == "▱" * 10


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (buttons.resume(HUGE), life.Resume(subscription_id=HUGE)),
        (buttons.manage(5), life.Manage(subscription_id=5)),
    ],
)
def test_buttons_under_notifications_of_life_are_understood(data: str, expected: CallbackData) -> None:
    assert type(expected).unpack(data) == expected
