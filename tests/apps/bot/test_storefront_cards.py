"""Remembered cards: seen, forgotten, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from services import billing
from tests.apps.bot.storefront import Storefront, Visitor, buttons


@pytest.fixture
def card(shop: Storefront, anna: Visitor) -> billing.SavedMethod:
    """Anna has paid with a card that she let us remember."""
    person = anna.person()
    with shop.kiosk.kit.db.begin() as tx:
        billing.consent_to_saving(tx, person.party, shop.kiosk.now)
    shop.kiosk.pay(shop.kiosk.checkout(person, save=True))
    shop.kiosk.drain()
    with shop.kiosk.kit.db.begin() as tx:
        return billing.methods_of(tx, person.party)[0]


def open_cards(anna: Visitor) -> dict[str, Any]:
    anna.say("/my")
    return anna.tap("Remembered cards")


def active(shop: Storefront) -> int:
    return shop.kiosk.count("payment_methods", "state = 'active'")


def test_without_cards_it_says_how_to_have_one(anna: Visitor) -> None:
    screen = open_cards(anna)
    assert "There are none" in screen["text"]
    assert [button["text"] for button in buttons(screen)] == ["‹ Back", "Main menu"]


def test_a_card_is_forgotten_after_a_question(shop: Storefront, anna: Visitor, card: billing.SavedMethod) -> None:
    assert card.title in open_cards(anna)["text"]
    assert "never be charged again" in anna.tap(f"Forget {card.title}")["text"]
    assert card.title in anna.tap("‹ Back")["text"]
    assert active(shop) == 1
    anna.tap(f"Forget {card.title}")
    screen = anna.tap("Yes, forget it")
    assert f"{card.title} is forgotten" in screen["text"]
    assert "There are none" in screen["text"]
    assert active(shop) == 0


def test_the_news_that_it_is_remembered_has_a_button_to_forget_it(
    shop: Storefront, anna: Visitor, card: billing.SavedMethod
) -> None:
    told = next(message for message in anna.messages() if "We remember your card" in message.get("text", ""))
    assert card.title in told["text"]
    (forget,) = [one["callback_data"] for one in buttons(told) if one["text"] == "Forget this card"]
    screen = anna.press(told, forget)
    yes = next(one["callback_data"] for one in buttons(screen) if one["text"] == "Yes, forget it")
    anna.press(screen, yes)
    assert active(shop) == 0
    for data in (yes, forget):  # tapped again
        anna.press(screen, data)
        (now,) = [message for message in anna.messages() if message["message_id"] == screen["message_id"]]
        assert "I cannot find this card" in now["text"]


def test_other_peoples_cards_are_not_found(shop: Storefront, anna: Visitor, card: billing.SavedMethod) -> None:
    mallory = shop.visitor(first_name="Mallory")
    screen = mallory.say("/start")
    for word in ("forget", "forgetok"):
        assert "I cannot find this card" in mallory.press(screen, f"{word}:{card.id}")["text"]
    assert active(shop) == 1
