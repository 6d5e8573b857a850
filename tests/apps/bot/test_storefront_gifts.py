"""People give each other presents and bring each other in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services import identity
from services.platform.i18n import language
from services.platform.money import Money
from tests.apps.bot.storefront import Storefront, Visitor, buttons, open_storefront
from tests.apps.bot.test_storefront_purchases import finish, paid
from tests.factories import tariff_toml
from tests.world import MakeKiosk

PRICE = language("en").money(Money(29900, "RUB"))


@pytest.fixture
def shop(make_kiosk: MakeKiosk) -> Iterator[Storefront]:
    changes = {
        "PAYMENT_PROVIDERS": "yookassa,stars,balance",
        "REFERRAL_INVITER_REWARD": "7d",
        "REFERRAL_INVITED_REWARD": "20 tokens",
        "GIFT_DAYS": "10",
        "YOOKASSA_SAVED_CARDS": "true",
    }
    with make_kiosk(**changes) as kiosk, open_storefront(kiosk) as storefront:
        yield storefront


def labels(message: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(message)]


def buy_gift(shop: Storefront, anna: Visitor) -> str:
    """Returns the code, as it came in the chat."""
    anna.say("/shop")
    anna.tap("VPN for a month")
    anna.tap("🎁 Buy as a gift")
    screen = anna.tap(f"Pay {PRICE} by card")
    if "Accept and pay" in str(labels(screen)):
        screen = anna.tap("Accept and pay")
    finish(shop, screen)
    assert "Your gift is on its way" in anna.tap("Check payment")["text"]
    shop.kiosk.drain()
    found = re.search(r"/gift ([A-Z2-9]{4}(-[A-Z2-9]{4}){3})", anna.last()["text"])
    assert found
    return found[1]


def link_of(anna: Visitor) -> str:
    """The start parameter of the own link."""
    found = re.search(r"\?start=(ref_\w+)", anna.say("/invite")["text"])
    assert found
    return found[1]


# --- gifts ------------------------------------------------------------------------------------------------------------


def test_a_gift_goes_from_hand_to_hand(shop: Storefront, anna: Visitor) -> None:
    code = buy_gift(shop, anna)
    card = anna.last()
    assert "A gift for you: VPN for a month" in card["text"]
    boris = shop.visitor(first_name="Boris")
    screen = boris.say(f"/start gift_{code.replace('-', '')}")
    assert "Anna\u2069 gives you" in screen["text"]
    assert shop.kiosk.count("subscriptions") == 0, "looking is not accepting"
    assert "The gift is yours" in boris.tap("Accept")["text"]
    shop.kiosk.drain()
    assert "VPN for a month" in boris.tap("My subscription")["text"]
    assert any("has accepted your gift" in message.get("text", "") for message in anna.messages())
    assert "accepted by \u2068Boris" in anna.say("/gift")["text"]
    assert "none yet" in anna.say("/my")["text"]


def test_the_screen_before_the_payment_speaks_of_a_gift(shop: Storefront, anna: Visitor) -> None:
    anna.say("/shop")
    anna.tap("VPN for a month")
    choice = anna.tap("🎁 Buy as a gift")
    assert "within 10 days" in choice["text"]
    assert not any("balance" in label for label in labels(choice))
    anna.tap(f"Pay {PRICE} by card")
    anna.tap("Read the terms")
    anna.tap("‹ Back")
    screen = anna.tap("Accept and pay")
    assert "🎁 A gift." in screen["text"]
    assert not any("Remember the card" in label for label in labels(screen)), "a card is remembered for renewals"
    assert shop.kiosk.scalar("SELECT quote ->> 'purpose' FROM invoices") == "gift"


def test_a_gift_in_stars(shop: Storefront, anna: Visitor) -> None:
    anna.say("/shop")
    anna.tap("VPN for a month")
    anna.tap("🎁 Buy as a gift")
    anna.tap("Pay 150 ⭐ (Telegram Stars)")
    anna.tap("Accept and pay")
    invoice = anna.last()
    shop.kiosk.post(f"/telegram/chat/api/users/{anna.id}/stars", balance=1000)
    ended = anna.pays(message_id=invoice["message_id"])
    assert not ended.get("error")
    shop.kiosk.drain()
    assert shop.kiosk.scalar("SELECT state FROM gifts") == "waiting"
    assert "A gift for you" in anna.last()["text"]


def test_a_failed_gift_is_paid_again_as_a_gift(shop: Storefront, anna: Visitor) -> None:
    anna.say("/shop")
    anna.tap("VPN for a month")
    anna.tap("🎁 Buy as a gift")
    anna.tap(f"Pay {PRICE} by card")
    screen = anna.tap("Accept and pay")
    finish(shop, screen, outcome="decline")
    assert "did not go through" in anna.tap("Check payment")["text"]
    again = anna.tap("Try again")
    assert "🎁 A gift." in again["text"]
    finish(shop, again)
    anna.tap("Check payment")
    shop.kiosk.drain()
    assert shop.kiosk.count("gifts") == 1
    assert shop.kiosk.count("subscriptions") == 0


def test_a_typed_code_and_a_wrong_one(shop: Storefront, anna: Visitor) -> None:
    code = buy_gift(shop, anna)
    boris = shop.visitor(first_name="Boris")
    boris.say("/start")
    assert "no gift with this code" in boris.say("/gift ABCD")["text"]
    assert "no gift with this code" in boris.say("/start gift_ABCD")["text"]
    assert "gives you" in boris.say(f"/gift {code.lower()}")["text"]


def test_a_second_tap_and_a_second_person(shop: Storefront, anna: Visitor) -> None:
    code = buy_gift(shop, anna)
    boris, vera = shop.visitor(first_name="Boris"), shop.visitor(first_name="Vera")
    for visitor in (boris, vera):
        visitor.say(f"/start gift_{code.replace('-', '')}")
    screen = boris.last()
    data = f"giftyes:{code.replace('-', '')}"
    assert "is yours" in boris.press(screen, data)["text"]
    assert "is yours" in boris.press(screen, data)["text"]
    assert "accepted already" in vera.tap("Accept")["text"]
    assert "accepted already" in vera.say(f"/gift {code}")["text"]
    assert shop.kiosk.count("subscriptions") == 1


def test_a_buyer_sees_the_code_again_and_nobody_else_does(shop: Storefront, anna: Visitor) -> None:
    code = buy_gift(shop, anna)
    anna.say("/gift")
    screen = anna.tap("Show the code")
    assert code in screen["text"]
    (share,) = [button for button in buttons(screen) if "url" in button]
    assert parse_qs(urlsplit(share["url"]).query)["url"][0].endswith(f"?start=gift_{code.replace('-', '')}")
    boris = shop.visitor(first_name="Boris")
    mine = boris.say("/gift")
    assert "There are none" in mine["text"]
    answer = boris.press(mine, f"gift:{shop.kiosk.scalar('SELECT id FROM gifts')}")
    assert code not in answer["text"]


def test_a_buyer_may_use_the_own_gift(shop: Storefront, anna: Visitor) -> None:
    code = buy_gift(shop, anna)
    assert "Your own gift" in anna.say(f"/gift {code}")["text"]
    anna.tap("Accept")
    shop.kiosk.drain()
    assert "VPN for a month" in anna.say("/my")["text"]


def test_after_its_time_the_list_says_where_the_money_is(shop: Storefront, anna: Visitor) -> None:
    code = buy_gift(shop, anna)
    shop.kiosk.pass_time(timedelta(days=11), step=timedelta(days=11))
    assert "its money is on your balance" in anna.say("/gift")["text"]
    assert "can no longer be accepted" in shop.visitor(first_name="Boris").say(f"/gift {code}")["text"]


def test_the_code_in_a_link_is_not_kept_as_where_somebody_came_from(shop: Storefront, anna: Visitor) -> None:
    code = buy_gift(shop, anna)
    boris = shop.visitor(first_name="Boris")
    boris.say(f"/start gift_{code.replace('-', '')}")
    with shop.kiosk.kit.db.begin() as tx:
        assert identity.came_from(tx, boris.person().party.id) == "gift"


def test_what_not_everybody_may_buy_has_no_gift_button(shop: Storefront, anna: Visitor) -> None:
    shop.import_tariffs(tariff_toml("vpn-new", more='audience = "new"'))
    card = anna.press(anna.say("/shop"), "tariff:vpn-new")
    assert not any("gift" in label for label in labels(card))
    for forged in ("giftof:vpn-new", "giftpay:yookassa:vpn-new"):
        answer = anna.press(card, forged)
        assert "no longer on sale" in answer["text"] or "not available" in answer["text"]
    assert shop.kiosk.count("invoices") == 0


def test_a_gift_is_not_paid_from_the_balance(shop: Storefront, anna: Visitor) -> None:
    shop.kiosk.give(anna.person(), Money(50000, "RUB"))
    answer = anna.press(anna.say("/shop"), "giftpay:balance:vpn-1m")
    assert "not available right now" in answer["text"]
    assert shop.kiosk.count("invoices") == 0


# --- friends ----------------------------------------------------------------------------------------------------------


def test_an_invitation_from_link_to_reward(shop: Storefront, anna: Visitor) -> None:
    paid(shop, anna)
    screen = anna.say("/invite")
    assert "you get a reward: 7 days" in screen["text"]
    assert "a present with it: 20 tokens" in screen["text"]
    assert "Came by it: 0" in screen["text"]
    (share,) = [button for button in buttons(screen) if "url" in button]
    assert share["url"].startswith("https://t.me/share/url?")
    boris = shop.visitor(first_name="Boris <b>")
    boris.say(f"/start {link_of(anna)}")
    shop.kiosk.drain()
    paid(shop, boris)
    assert any("Boris <b>, whom you invited, has paid" in m.get("text", "") for m in anna.messages())
    assert any("A present for your first payment: 20 tokens" in m.get("text", "") for m in boris.messages())
    shown = anna.say("/invite")["text"]
    for line in ("Came by it: 1", "Paid: 1", "You have earned: 7 days"):
        assert line in shown
    listed = anna.tap("Whom you invited")["text"]
    assert "Boris <b>" in listed
    assert "has paid" in listed


def test_friends_come_in_pages(shop: Storefront, anna: Visitor) -> None:
    parameter = link_of(anna)
    for number in range(11):
        shop.visitor(first_name=f"Friend{number}").say(f"/start {parameter}")
    shop.kiosk.drain()
    anna.say("/invite")
    first = anna.tap("Whom you invited")
    assert "Friend10" in first["text"]
    assert "Friend0\u2069" not in first["text"]
    second = anna.tap("Older ›")
    assert "Friend0\u2069" in second["text"]
    assert "Older ›" not in labels(second)
    anna.tap("‹ Newer")
    anna.tap("‹ Back")
    assert "Invite a friend" in anna.last()["text"]


def test_ones_own_link_does_nothing(shop: Storefront, anna: Visitor) -> None:
    assert "Hello" in anna.say(f"/start {link_of(anna)}")["text"]
    shop.kiosk.drain()
    assert "Came by it: 0" in anna.say("/invite")["text"]


def test_a_tariff_for_the_invited_is_on_sale_to_them_alone(shop: Storefront, anna: Visitor) -> None:
    shop.import_tariffs(tariff_toml("vpn-friend", more='audience = "invited"'))
    boris = shop.visitor(first_name="Boris")
    boris.say(f"/start {link_of(anna)}")
    shop.kiosk.drain()
    assert "tariff:vpn-friend" in str(boris.say("/shop"))
    assert "tariff:vpn-friend" not in str(anna.say("/shop"))
