"""Auto-renewal in the chat: seen with date, amount and card; on, off, from something else; nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from apps.bot import callbacks
from services import billing
from services.platform.money import Money
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


def open_renewal(anna: Visitor) -> dict[str, Any]:
    anna.say("/my")
    return anna.tap("Auto-renewal")


def labels(screen: dict[str, Any]) -> list[str]:
    return [one["text"] for one in buttons(screen)]


def test_it_says_when_how_much_and_from_which_card(anna: Visitor, card: billing.SavedMethod) -> None:
    screen = open_renewal(anna)
    assert f"we charge ₽299 from your card {card.title}" in screen["text"].replace("<b>", "").replace("</b>", "")
    assert labels(screen)[:2] == ["Turn off auto-renewal", "Auto-renew from the balance"]


def test_off_and_on_again_in_a_tap_each(shop: Storefront, anna: Visitor, card: billing.SavedMethod) -> None:
    open_renewal(anna)
    off = anna.tap("Turn off auto-renewal")
    assert "nothing will be charged by itself" in off["text"]
    assert f"Renew from {card.title}" in labels(off)
    assert shop.kiosk.count("subscription_renewals", "turned_off_at IS NULL") == 0
    on = anna.tap(f"Renew from {card.title}")
    assert "Auto-renewal is on" in on["text"]
    assert shop.kiosk.count("subscription_renewals", "turned_off_at IS NULL AND by = 'card'") == 1


def test_from_the_balance(shop: Storefront, anna: Visitor, card: billing.SavedMethod) -> None:
    shop.kiosk.give(anna.person(), Money(50000, "RUB"))
    open_renewal(anna)
    assert "from your balance" in anna.tap("Auto-renew from the balance")["text"]
    assert shop.kiosk.count("subscription_renewals", "by = 'balance' AND method_id IS NULL") == 1


def test_the_news_that_it_is_on_has_a_button_to_turn_it_off(
    shop: Storefront, anna: Visitor, card: billing.SavedMethod
) -> None:
    told = next(message for message in anna.messages() if "Auto-renewal of" in message.get("text", ""))
    data = next(one["callback_data"] for one in buttons(told) if one["text"] == "Turn off auto-renewal")
    anna.press(told, data)
    assert shop.kiosk.count("subscription_renewals", "turned_off_at IS NULL") == 0
    anna.press(told, data)
    assert shop.kiosk.count("outbox_events", "name = 'subscriptions.renewal_turned_off'") == 1


def test_other_peoples_subscriptions_and_cards_are_not_found(
    shop: Storefront, anna: Visitor, card: billing.SavedMethod
) -> None:
    boris = shop.visitor(first_name="Boris")
    boris.say("/start")
    message = boris.last()
    subscription_id = shop.kiosk.scalar("SELECT id FROM subscriptions")
    for word in (
        callbacks.AutoRenew(subscription_id=subscription_id),
        callbacks.AutoRenewOff(subscription_id=subscription_id),
        callbacks.AutoRenewOn(subscription_id=subscription_id, method_id=card.id),
        callbacks.AutoRenewOn(subscription_id=subscription_id, method_id=0),
    ):
        assert len(word.pack()) <= 64
        boris.press(message, word.pack())
    assert shop.kiosk.count("subscription_renewals", f"by = 'card' AND method_id = {card.id}") == 1
    assert shop.kiosk.count("subscription_renewals", "turned_off_at IS NULL") == 1
