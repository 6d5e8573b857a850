"""What is said of promo codes, in every language: Telegram takes it, and nothing was left untranslated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from apps.bot import callbacks
from apps.bot.callbacks import Way
from apps.bot.screen import Screen
from apps.bot.screens import payment, promo, shop, stars
from apps.sandbox.telegram.entities import parse_html
from services import promotions, subscriptions
from services.platform.errors import KioskError
from services.platform.i18n import LANGUAGES, Language, language
from services.platform.money import Money
from services.promotions import PromoCode
from tests.apps.bot.test_storefront_screens import (
    INTERNATIONAL,
    INVOICE,
    NOW,
    PRICE,
    QUOTE,
    TARIFF,
    ZONE,
    labels,
    owned,
)

STARS = Money(150, "XTR")
PERCENT = PromoCode(
    code="S" * 32, kind="percent", value=25, amounts={}, trial=None, total=None, per_person=1, valid_from=None,
    valid_until=None, tariffs=(), audience="all", minimum={}, needs_purchase=True, active=True,
)  # fmt: skip
CODES = (
    PERCENT,
    replace(PERCENT, kind="fixed", amounts={"RUB": Money(10050, "RUB"), "XTR": Money(50, "XTR")}),
    replace(PERCENT, kind="bonus_tokens", value=2),
    replace(PERCENT, kind="free_days", value=7),
    replace(PERCENT, kind="trial", trial="vpn-try"),
)


def refusals() -> Iterator[KioskError]:
    for kind in promotions.REFUSALS:
        if kind is promotions.PromoNotForYou:
            yield from (promotions.PromoNotForYou("x", audience) for audience in ("new", "existing"))
        elif kind is promotions.PromoNotYet:
            yield promotions.PromoNotYet("x", NOW)
        elif kind is promotions.PromoBelowMinimum:
            yield promotions.PromoBelowMinimum("x", PRICE)
        else:
            yield kind("x")
    yield from (subscriptions.PromoNeedsSubscription("x"), promotions.TooManyGuesses("x"))
    yield from (subscriptions.TrialUsed("x"), promotions.PromoRefused("x"))


def screens(_: Language) -> Iterator[Screen]:
    prices = {"yookassa": Money(100, "RUB"), "stars": STARS}
    listed = {"yookassa": PRICE}
    for code in CODES:
        offer = shop.Offer(TARIFF, prices, renewing=("stars",), code=code, listed=listed, smallest=("yookassa",))
        yield shop.render_card(_, offer, [], zone=ZONE)
        yield shop.render_catalogue(_, [offer], note=promo.accepted(_, code))
        for subscription in (None, owned(2, NOW - NOW)):
            yield promo.render_given(_, subscriptions.Redeemed(code, subscription), ZONE)
    for error in refusals():
        yield promo.render_refused(_, error, ZONE)
        if isinstance(error, promotions.PromoRefused):
            refused = shop.Offer(TARIFF, {"yookassa": PRICE}, code=PERCENT, refusal=error)
            yield shop.render_card(_, refused, [], zone=ZONE)
    yield promo.render_ask(_)
    for listed_at in (PRICE, Money(59900, "RUB")):
        sold = replace(INVOICE, quote=replace(QUOTE, promo="S" * 32, list_price=listed_at))
        yield payment.render_pay(_, sold, 1, "https://pay", Way("yookassa", TARIFF.slug), "off")
        yield stars.render_invoice_follows(_, sold, 1, Way("stars", sold.quote.tariff))


@pytest.mark.parametrize("code", LANGUAGES)
def test_telegram_takes_every_screen_about_codes(code: str) -> None:
    for screen in screens(language(code)):
        text, _entities = parse_html(screen.text)
        assert text.strip() == text
        assert 0 < len(text) <= 4096
        assert all(0 < len(label) <= 64 for label in labels(screen))


@pytest.mark.parametrize("code", ["ru", "uk"])
def test_nothing_about_codes_is_left_in_english(code: str) -> None:
    texts = [text for screen in screens(language(code)) for text in (parse_html(screen.text)[0], *labels(screen))]
    for text in texts:
        assert not re.search("[A-Za-z]{3,}", re.sub(f"S{{32}}|{INTERNATIONAL}", "", text)), text


def test_each_reason_has_words_of_its_own() -> None:
    said = [promo.why_not(language("en"), error, ZONE) for error in refusals()]
    assert len(set(said)) == len(said)


def test_what_is_charged_again_and_again_is_charged_in_full() -> None:
    offer = shop.Offer(TARIFF, {"stars": Money(75, "XTR")}, renewing=("stars",), code=PERCENT, listed={"stars": STARS})
    once, again = Way("stars", TARIFF.slug), Way("stars", TARIFF.slug, "renew")
    assert (offer.price_of(once), offer.promo_of(once)) == (Money(75, "XTR"), PERCENT.code)
    assert (offer.price_of(again), offer.promo_of(again)) == (STARS, None)


def test_the_longest_drop_button_fits() -> None:
    assert len(callbacks.DropCode(slug="a" * 31).pack()) <= 64
