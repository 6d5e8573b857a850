"""Every screen, in every language: Telegram takes it, and nothing in it was left untranslated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from aiogram.filters.callback_data import CallbackData

from apps.bot import callbacks
from apps.bot.callbacks import Way
from apps.bot.screen import Screen
from apps.bot.screens import (
    cards,
    decisions,
    failure,
    gifts,
    guide,
    history,
    invite,
    menu,
    money_back,
    payment,
    shop,
    subscription,
    support,
    terms,
    words,
)
from apps.bot.screens import stars as stars_screens
from apps.sandbox.telegram.entities import parse_html
from services import billing
from services.billing import Invoice, Payment, Refund, SavedMethod
from services.catalog import NotForSale, Period, Quote, Tariff
from services.gifts import Code, Gift
from services.identity import Party
from services.notifications import buttons
from services.platform.errors import Conflict, Forbidden, KioskError, NotFound, TryLater
from services.platform.i18n import LANGUAGES, Language, language
from services.platform.money import Money
from services.referrals import Friend, Invitation, Terms
from services.subscriptions import Subscription

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ZONE = "Europe/Moscow"
PARTY = Party("user", 42)
PRICE = Money(29900, "RUB")
NAME = {"ru": "VPN на <месяц> & ещё", "uk": "VPN на <місяць> & ще", "en": "VPN for <a month> & more"}
TARIFF = Tariff(
    slug="a" * 31, revision=1, product="vpn", name=NAME, description=NAME,
    features={code: [NAME[code]] for code in NAME}, prices={"RUB": PRICE}, period=Period(3, "month"), tokens=0,
    subscription_fee=0, minimum_payments={}, traffic_bytes=100 * 10**9, devices=None, speed_mbps=50, locations=(),
    access=("wireguard",), position=0, active=True, audience="all",
)  # fmt: skip
QUOTE = Quote(
    tariff=TARIFF.slug, revision=1, product="vpn", name=NAME, price=PRICE, period=TARIFF.period, tokens=0,
    traffic_bytes=None, devices=3, speed_mbps=None, locations=(), access=("wireguard",),
)  # fmt: skip
INVOICE = Invoice(7, PARTY, QUOTE, PRICE, "open", None, NOW)
# Names that stay as they are in every language.
INTERNATIONAL = (
    "WireGuard|VPN|QR|ЮKassa|Mac App Store|App Store|Google Play|Telegram|Android|iPhone|iPad|Windows|macOS|Linux"
    "|Happ|Hiddify|v2rayNG|v2rayN|Streisand|FlClash"
    "|Debian|Ubuntu|root|/[\\w./]+|sudo [\\w -]+|English|Anna|Frankfurt|Main|Robokassa|Stars|CryptoBot|Visa|x+"
    "|user:42|yookassa|x_y|https?://\\S+|/gift|[A-Z]{4}(-[A-Z]{4}){3}"
)


def paid(state: str, reason: str | None = None) -> Payment:
    return Payment(
        2**63 - 1, 7, PARTY, "yookassa", state, PRICE, "https://pay", reason, None, None, PRICE, NOW
    )  # fmt: skip


def given_back(state: str) -> Refund:
    return Refund(1, 7, PARTY, "yookassa", "provider", state, PRICE, None, NOW)


def owned(number: int, ends_in: timedelta) -> Subscription:
    return Subscription(number, PARTY, "vpn", "active", QUOTE, NOW, NOW + ends_in)


def screens(_: Language) -> Iterator[Screen]:
    stars = Money(150, "XTR")
    codes = ("yookassa", "robokassa", "stars", "cryptopay", "balance", "other")
    prices = {code: stars if code == "stars" else PRICE for code in codes}
    offer = shop.Offer(TARIFF, prices, saving=("yookassa",), renewing=("stars",), balance=Money(12_345_678, "RUB"))
    another = shop.Offer(replace(TARIFF, product="more"), offer.prices)
    live, ending, ended = owned(2**63 - 1, timedelta(days=30)), owned(2, timedelta(hours=3)), owned(3, -timedelta(1))
    yield from (menu.render_welcome(_, "Anna"), menu.render_welcome(_, ""), menu.render_menu(_), menu.render_hint(_))
    yield from (menu.render_stale(_), menu.render_group(_, "https://t.me/kiosk_bot"), menu.render_languages(_))
    yield menu.render_language_chosen(_)
    yield from (shop.render_catalogue(_, offers) for offers in ([], [offer], [offer, another]))
    yield from (shop.render_card(_, offer, ["Frankfurt"]), terms.render_terms(_))
    once, save, renew, gift = (Way("yookassa", TARIFF.slug, form) for form in get_args(callbacks.Form))
    for way in (once, save, renew, gift):
        yield from (terms.render_consent(_, way, PRICE), terms.render_terms_before_payment(_, way))
        yield payment.render_pay(_, INVOICE, 2**63 - 1, "https://pay", way, "no")
    yield terms.render_consent_to_saving(_, save)
    yield payment.render_pay(_, INVOICE, 2**63 - 1, "https://pay", once, "off")
    yield payment.render_pay(_, INVOICE, 2**63 - 1, "https://pay", save, "on")
    for changed in (True, False):
        yes = callbacks.Spend(slug=TARIFF.slug, at=10**10 - 1, minor=PRICE.minor)
        yield payment.render_spend(_, once, NAME[_.code], PRICE, PRICE, yes, is_new_price=changed)
    yield from (payment.render_being_confirmed(_, 1), payment.render_not_opened(_, once, "shop"))
    notes = [payment.not_offered(_), *(payment.invoice_is_closed(_, replace(INVOICE, state=s)) for s in ("paid", "x"))]
    yield from (shop.render_card(_, offer, [], note) for note in notes)
    yield from gifts_and_friends(_, offer)
    yield from (stars_screens.render_invoice_follows(_, INVOICE, 1, once), stars_screens.render_thanks(_))
    card = SavedMethod(2**63 - 1, "yookassa", "Visa •• 4444 & " + "x" * 80, NOW)
    yield from (cards.render_cards(_, [], ZONE), cards.render_cards(_, [card, card], ZONE, cards.forgotten(_, "Visa")))
    yield cards.render_forget(_, card)
    yield from operators_screens(_)
    yield from (money_back.render_waiting(_), money_back.render_over(_))
    yield money_back.render_question(_, 2**63 - 1, paid("succeeded"))
    yield from (
        money_back.render_done(_, replace(given_back("pending"), destination=to)) for to in ("provider", "balance")
    )
    yield from (payment.render_paid(_, INVOICE, ready=ready) for ready in (True, False))
    yield payment.render_under_review(_)
    for reason in ("card_expired", "new", None):
        yield payment.render_not_paid(_, paid("canceled", reason), INVOICE)
    for mine in ([], [live], [live, ending, ended], [ended]):
        yield subscription.render_subscriptions(_, mine, NOW, ZONE, has_cards=bool(mine))
    yield from (subscription.render_preparing(_), subscription.render_ended(_, 3))
    yield from guides(_)
    states = ("sending", "awaiting_user", "authorized", "succeeded", "canceled", "failed")
    entries = [(paid(state), QUOTE, ()) for state in states]
    refunds = [given_back("succeeded"), given_back("succeeded"), given_back("pending"), given_back("failed")]
    entries += [(replace(paid("succeeded"), decision="late"), QUOTE, ())]
    entries += [(replace(paid("succeeded"), decided=choice), QUOTE, refunds) for choice in billing.CHOICES]
    yield history.render_history(_, entries, 1, ZONE, is_last=False)
    yield from (history.render_history(_, [], page, ZONE, is_last=True) for page in (0, 5))
    yield from (support.render_help(_, contact) for contact in (None, "@support"))
    yield from (support.render_support(_, contact, 42) for contact in (None, "@support"))
    yield from (failure.render_refusal(_, error, "shop") for error in errors())
    yield failure.render_crash(_, "shop")


def guides(_: Language) -> Iterator[Screen]:
    yield guide.render_systems(_, 2**63 - 1)
    for number in (0, 2**63 - 1):
        yield guide.render_nothing_to_set_up(_, number)
        for system in callbacks.SYSTEMS:
            for ways in (["file"], ["link"], ["file", "link"]):
                yield guide.render_guide(_, system, number, ways)


def gifts_and_friends(_: Language, offer: shop.Offer) -> Iterator[Screen]:
    url = "https://t.me/kiosk_bot"
    money = (Money(70, "BONUS"), Money(12_345, "RUB"))
    for terms_of in (("7d", "50 tokens"), ("10%", None), (None, "3d"), ("1 token", None), (None, None)):
        for brought in (Invitation("ref_x", 0, 0, 0, 0, ()), Invitation("ref_x", 21, 3, 7, 14, money)):
            yield invite.render_invite(_, brought, url, Terms.parse(*terms_of))
    friends = [Friend("Anna", state, NOW) for state in ("joined", "paid", "refunded")] + [Friend("\n", "joined", NOW)]
    yield invite.render_friends(_, friends, 1, ZONE, is_last=False)
    yield invite.render_friends(_, [], 0, ZONE, is_last=True)
    quote = replace(QUOTE, purpose="gift")
    given = Gift(2**63 - 1, 7, PARTY, quote, "waiting", None, NOW, NOW + timedelta(days=90), NOW)
    listed = [replace(given, id=n, state=s) for n, s in enumerate(("waiting", "claimed", "expired", "canceled"))]
    yield gifts.render_give_away(_, offer, 90)
    yield gifts.render_gift_paid(_, replace(INVOICE, quote=quote))
    yield gifts.render_gifts(_, listed, {1: "Anna"}, 1, ZONE, is_last=False)
    yield gifts.render_gifts(_, [], {}, 0, ZONE, is_last=True)
    yield gifts.render_gift(_, given, Code("X" * 16, "XXXX-XXXX-XXXX-XXXX", "gift_x"), url, ZONE)
    yield from (gifts.render_accept(_, given, "Anna", "X" * 16, is_own=own) for own in (True, False))
    yield gifts.render_accepted(_, given)
    yield stars_screens.render_invoice_follows(_, replace(INVOICE, quote=quote), 1, Way("stars", TARIFF.slug, "gift"))


def operators_screens(_: Language) -> Iterator[Screen]:
    for reason in ("late", "double", "amount"):
        yield decisions.render_held(_, replace(paid("succeeded"), decision=reason), decisions.cannot_be_done(_, "x_y"))
    for choice in billing.CHOICES:
        yield decisions.render_question(_, paid("succeeded"), choice)
        yield decisions.render_held(_, replace(paid("succeeded"), decided=choice), decisions.decided_already(_))
    yield decisions.render_held(_, paid("succeeded"))


def errors() -> Iterator[KioskError]:
    yield from (NotForSale("x"), NotFound("x"), Conflict("x"), TryLater("x"), Forbidden("x"))
    for code in (
        "checkout_failed",
        "payment_not_found",
        "subscription_not_found",
        "payment_method_not_found",
        "gift_not_found",
        "gift_taken",
        "gift_over",
    ):
        yield type("Named", (TryLater,), {"code": code})("x")


def notices(_: Language) -> list[str]:
    """What stands over the chat or in Telegram's own menu: plain text."""
    alerts = [payment.not_paid_yet(_), payment.being_confirmed(_), payment.no_answer_from_provider(_)]
    at_the_till = [stars_screens.cannot_be_paid(_), stars_screens.not_now(_)]
    return [*alerts, *at_the_till, failure.not_yours(_), *support.commands(_).values()]


@pytest.mark.parametrize("code", LANGUAGES)
def test_telegram_takes_every_screen(code: str) -> None:
    for screen in screens(language(code)):
        text, _ = parse_html(screen.text)
        assert text.strip() == text
        assert 0 < len(text) <= 4096
        for button in labels(screen):
            assert 0 < len(button) <= 64
            assert "<" not in button.replace(NAME[code], "")
    assert all(0 < len(notice) <= 200 for notice in notices(language(code)))


@pytest.mark.parametrize("code", ["ru", "uk"])
def test_nothing_is_left_in_english(code: str) -> None:
    texts = [text for screen in screens(language(code)) for text in (parse_html(screen.text)[0], *labels(screen))]
    for text in [*texts, *notices(language(code))]:
        assert not re.search("[A-Za-z]{3,}", re.sub(INTERNATIONAL, "", text)), text


def labels(screen: Screen) -> list[str]:
    return [button.text for row in screen.keyboard.inline_keyboard for button in row] if screen.keyboard else []


def test_the_longest_callback_data_fits() -> None:
    longest = {
        "slug": "a" * 31, "provider": "p" * 16, "page": 10_000, "system": "android", "code": "ru",
        "at": 10**10 - 1, "minor": 10**13 - 1, "choice": "refund", "gift_code": "A" * 16,
        "currency": "RUB", "mark": "f" * 12, "what": "reason", "refund": True, "reason": "duplicate_receipt",
    }  # fmt: skip
    kinds = CallbackData.__subclasses__()
    assert len(kinds) >= 28
    for kind in kinds:
        values = {name: longest.get(name, 2**63 - 1) for name in kind.model_fields}
        if kind.__name__.endswith("TopUp") or kind.__name__.startswith("TopUp"):
            values |= {"minor": 10**9 - 1} if "minor" in values else {}
        packed = kind(**values).pack()
        assert len(packed.encode()) <= 64
        assert kind.unpack(packed).model_dump() == values


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (buttons.MY_SUBSCRIPTIONS, callbacks.Mine()),
        (buttons.SHOP, callbacks.Shop()),
        (buttons.config(5), callbacks.Config(subscription_id=5)),
        (buttons.renew(5), callbacks.Renew(subscription_id=5)),
        (buttons.instructions(5), callbacks.Connect(subscription_id=5)),
        (buttons.check_payment(2**63 - 1), callbacks.Check(payment_id=2**63 - 1)),
        (buttons.retry(5), callbacks.Retry(payment_id=5)),
        (buttons.tariff("vpn-1m"), callbacks.Card(slug="vpn-1m")),
        (buttons.CARDS, callbacks.Cards()),
        (buttons.forget_card(5), callbacks.Forget(method_id=5)),
        (buttons.GIFTS, callbacks.Gifts(page=0)),
        (buttons.INVITE, callbacks.Invite()),
        (buttons.decide(2**63 - 1, "refund"), callbacks.Decide(payment_id=2**63 - 1, choice="refund")),
    ],
)
def test_buttons_under_notifications_are_understood(data: str, expected: CallbackData) -> None:
    understood = []
    for kind in CallbackData.__subclasses__():
        try:
            understood.append(kind.unpack(data))
        except (TypeError, ValueError):
            continue
    assert understood == [expected]


@pytest.mark.parametrize(
    ("code", "days", "expected"),
    [
        ("ru", 2, "Осталось 2 дня"),
        ("ru", 11, "Осталось 11 дней"),
        ("ru", 21, "Остался 21 день"),
        ("uk", 3, "Залишилося 3 дні"),
        ("uk", 5, "Залишилося 5 днів"),
        ("en", 30, "30 days left"),
    ],
)
def test_days_left_are_counted_down(code: str, days: int, expected: str) -> None:
    assert words.left(language(code), timedelta(days=days) - timedelta(minutes=3)) == expected


def test_the_last_day() -> None:
    assert words.left(language("en"), timedelta(hours=35)) == "1 day left"
    assert words.left(language("en"), timedelta(hours=24)) == "1 day left"
    assert words.left(language("en"), timedelta(hours=23, minutes=59)) == "Less than a day left"


@pytest.mark.parametrize(
    ("code", "period", "expected"),
    [
        ("ru", Period(1, "hour"), "1 час"),
        ("ru", Period(12, "month"), "12 месяцев"),
        ("ru", Period(22, "day"), "22 дня"),
        ("uk", Period(2, "hour"), "2 години"),
        ("uk", Period(5, "month"), "5 місяців"),
        ("en", Period(1, "month"), "1 month"),
    ],
)
def test_periods_in_words(code: str, period: Period, expected: str) -> None:
    assert words.in_words(language(code), period) == expected


def test_a_name_cannot_reach_beyond_itself() -> None:
    shown = words.isolated("\u202eevil\nname" + "x" * 200)
    assert shown.startswith("\u2068")
    assert shown.endswith("\u2069")
    assert "\u202e" not in shown
    assert "\n" not in shown
    assert len(shown) <= words.LONGEST_NAME + 2
    assert words.isolated(" \u200b\n") == ""
