"""What the storefront says of what is sold out: before the payment, at the moment of the tap, and at the till."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apps.bot.storefront import Storefront, Visitor, buttons
from tests.stock import arrive, stocked
from tests.world import Kiosk

GONE = "Sold out at the moment"
JUST_GONE = "This is sold out at the moment"
STARS = "Pay 150 ⭐ (Telegram Stars)"


@pytest.fixture
def shop(kiosk: Kiosk, shop: Storefront) -> Storefront:
    """With one key to sell."""
    stocked(kiosk, "KEY-1")
    return shop


def labels(message: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(message)]


def has(message: dict[str, Any], *words: str) -> bool:
    """A button that begins so."""
    return any(label.startswith(words) for label in labels(message))


def card(anna: Visitor) -> dict[str, Any]:
    anna.say("/shop")
    return anna.tap("game")


def take_the_last(shop: Storefront) -> None:
    """Somebody else is quicker."""
    shop.kiosk.buy(shop.kiosk.person("Boris"), "game")


def test_a_card_says_that_it_is_sold_out_and_offers_no_payment(shop: Storefront, anna: Visitor) -> None:
    assert has(card(anna), "Pay")
    take_the_last(shop)
    shown = card(anna)
    assert GONE in shown["text"]
    assert not has(shown, "Pay", "🎁", "Subscribe", "Change")
    arrive(shop.kiosk, "KEY-2")
    shown = card(anna)
    assert GONE not in shown["text"]
    assert has(shown, "Pay")


def test_sold_between_the_card_and_the_tap(shop: Storefront, anna: Visitor) -> None:
    card(anna)
    take_the_last(shop)
    invoices = shop.kiosk.count("invoices")
    answer = anna.tap("Pay")
    assert JUST_GONE in answer["text"]
    assert "Nothing was charged" in answer["text"]
    assert "See what is on sale" in labels(answer)
    assert shop.kiosk.count("invoices") == invoices


def test_sold_between_the_consent_and_the_page(shop: Storefront, anna: Visitor) -> None:
    card(anna)
    anna.tap("Pay")
    take_the_last(shop)
    assert JUST_GONE in anna.tap("Accept and pay")["text"]


def test_an_open_page_that_is_tried_again(shop: Storefront, anna: Visitor) -> None:
    card(anna)
    anna.tap("Pay")
    screen = anna.tap("Accept and pay")
    payment_id = shop.kiosk.scalar("SELECT max(id) FROM payments")
    take_the_last(shop)
    assert JUST_GONE in anna.press(screen, f"retry:{payment_id}")["text"]


def test_the_owner_renews_what_is_sold_out_and_gives_none_away(shop: Storefront, anna: Visitor) -> None:
    shop.kiosk.buy(anna.person(), "game")
    shown = card(anna)
    assert GONE not in shown["text"]
    assert has(shown, "Pay")
    assert not has(shown, "🎁")
    assert JUST_GONE in anna.press(shown, "giftof:game")["text"], "an old button"
    assert JUST_GONE in anna.press(anna.last(), "giftpay:yookassa:game")["text"]


def test_a_change_to_what_is_sold_out_is_not_offered(shop: Storefront, anna: Visitor) -> None:
    shop.kiosk.buy(anna.person(), "plain")
    subscription_id = shop.kiosk.scalar("SELECT id FROM subscriptions")
    anna.say("/shop")
    preview = anna.press(anna.last(), f"to:{subscription_id}:bundle")
    assert has(preview, "Pay")
    take_the_last(shop)
    anna.tap("Pay")
    assert JUST_GONE in anna.tap("Accept and pay")["text"]
    offers = shop.kiosk.count("subscription_offers")
    assert JUST_GONE in anna.press(anna.last(), f"to:{subscription_id}:bundle")["text"]
    assert shop.kiosk.count("subscription_offers") == offers
    anna.say("/shop")
    assert not has(anna.tap("bundle"), "Change", "Pay")


def test_an_invoice_in_stars_is_refused_at_the_till(shop: Storefront, anna: Visitor) -> None:
    card(anna)
    anna.tap(STARS)
    anna.tap("Accept and pay")
    invoice = anna.messages()[-1]
    take_the_last(shop)
    ended = anna.pays(message_id=invoice["message_id"])
    assert ended["status"] != "paid"
    assert JUST_GONE in ended["error"]
    arrive(shop.kiosk, "KEY-2")
    assert anna.pays(message_id=invoice["message_id"])["status"] == "paid"
