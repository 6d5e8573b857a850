"""People buy, renew and look at what they have, over a real Bot API, payment provider and database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from services.platform.i18n import language
from services.platform.money import Money
from tests.apps.bot.storefront import Storefront, Visitor, buttons

PRICE = language("en").money(Money(29900, "RUB"))


def pay_page(anna: Visitor) -> dict[str, Any]:
    """From the main menu to the screen with the provider's page, for the first time."""
    anna.tap("Buy VPN access")
    anna.tap("VPN for a month")
    anna.tap("Pay")
    return anna.tap("Accept and pay")


def payment_id(screen: dict[str, Any]) -> int:
    (data,) = [b["callback_data"] for b in buttons(screen) if b.get("callback_data", "").startswith("check:")]
    return int(data.removeprefix("check:"))


def finish(shop: Storefront, screen: dict[str, Any], **order: Any) -> None:
    """What the person does on the provider's page; nobody notifies Kiosk."""
    external_id = shop.kiosk.external_id(payment_id(screen))
    shop.kiosk.post(f"/yookassa/payments/{external_id}/pay", **({"outcome": "success", "notify": "never"} | order))


def paid(shop: Storefront, anna: Visitor) -> None:
    """Anna has bought a month and got her key."""
    finish(shop, pay_page(anna))
    anna.tap("Check payment")
    shop.kiosk.drain()


def test_a_first_purchase_takes_five_taps_and_ends_with_the_key(shop: Storefront, anna: Visitor) -> None:
    taps = [
        "Buy VPN access",
        f"VPN for a month — {PRICE}",
        f"Pay {PRICE} by card or SBP (YooKassa)",
        f"Accept and pay {PRICE}",
    ]
    for tap in taps:
        anna.tap(tap)
    screen = anna.last()
    assert len(anna.messages()) == 1, "every tap changes the same message"
    (page,) = [button for button in buttons(screen) if "url" in button]
    assert page["text"] == f"Pay {PRICE}"
    assert page["url"].startswith(shop.kiosk.world.url)
    assert len([*taps, page]) <= 5

    finish(shop, screen)
    assert "on its way" in anna.tap("Check payment")["text"]
    shop.kiosk.drain()
    assert "is ready" in anna.press(anna.messages()[0], f"check:{payment_id(screen)}")["text"]
    mine = anna.tap("My subscription")["text"]
    assert "VPN for a month" in mine
    assert any(f"\n{days} days left" in mine for days in (28, 29, 30, 31))

    assert "Works until" in anna.tap("Access and keys")["text"]
    anna.tap("Configuration and QR")
    file, code = anna.messages()[-2:]
    assert file["document"]["file_name"].endswith(".conf")
    assert code["photo"]


def test_the_provider_sees_the_tariff_and_leads_back_to_the_bot(shop: Storefront, anna: Visitor) -> None:
    pay_page(anna)
    created = [r for r in shop.kiosk.http.get("/yookassa/log").json()["requests"] if r["method"] == "POST"][-1]
    assert "VPN for a month" in str(created)
    assert "/kiosk_bot" in str(created)


def test_consent_is_asked_once_and_the_terms_can_be_read(shop: Storefront, anna: Visitor) -> None:
    anna.tap("Buy VPN access")
    anna.tap("VPN for a month")
    assert "agree to the terms" in anna.tap("Pay")["text"]
    assert "Refunds" in anna.tap("Read the terms")["text"]
    assert "agree to the terms" in anna.tap("‹ Back")["text"]
    first = anna.tap("Accept and pay")
    anna.tap("‹ Back")
    assert payment_id(anna.tap("Pay")) == payment_id(first), "the same attempt, without a second question"


def test_checking_too_early_says_so_over_the_same_screen(anna: Visitor) -> None:
    screen = pay_page(anna)
    anna.tap("Check payment")
    assert "Not paid yet" in anna.alert()
    assert anna.last()["text"] == screen["text"]


def test_a_declined_card_is_explained_and_a_new_attempt_opens(shop: Storefront, anna: Visitor) -> None:
    screen = pay_page(anna)
    finish(shop, screen, outcome="decline", reason="insufficient_funds")
    assert "not enough money" in anna.tap("Check payment")["text"]
    assert payment_id(anna.tap("Try again")) != payment_id(screen)


def test_a_silent_provider_while_checking(shop: Storefront, anna: Visitor) -> None:
    pay_page(anna)
    shop.kiosk.post("/yookassa/faults", mode="500", times=1)
    anna.tap("Check payment")
    assert "does not answer" in anna.alert()


def test_a_silent_provider_at_checkout_then_trying_again(shop: Storefront, anna: Visitor) -> None:
    shop.kiosk.post("/yookassa/faults", mode="500", times=2)
    screen = pay_page(anna)
    assert "Nothing was charged" in screen["text"]
    assert payment_id(anna.tap("Try again"))


def test_renewing_is_one_tap_to_the_pay_page_and_adds_a_month(shop: Storefront, anna: Visitor) -> None:
    paid(shop, anna)
    anna.say("/my")
    finish(shop, anna.tap("Renew"))
    anna.tap("Check payment")
    shop.kiosk.drain()
    left = int(anna.say("/my")["text"].split(" days left")[0].split("\n")[-1])
    assert 59 <= left <= 62


def test_renewing_what_is_no_longer_sold_opens_the_catalogue(shop: Storefront, anna: Visitor) -> None:
    paid(shop, anna)
    with shop.kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE tariffs SET active = false"))
    anna.say("/my")
    assert "Nothing is on sale" in anna.tap("Renew")["text"]


def test_an_ended_subscription_says_so_and_gives_no_key(shop: Storefront, anna: Visitor) -> None:
    paid(shop, anna)
    screen = anna.say("/my")
    shop.kiosk.world.offset.move(int(timedelta(days=40).total_seconds()))
    ended = anna.say("/my")
    assert "Ended on" in ended["text"]
    assert [button["text"] for button in buttons(ended)] == ["Renew", "Remembered cards", "Main menu"]
    (config,) = [b["callback_data"] for b in buttons(screen) if b["text"] == "Access and keys"]
    assert "has ended" in anna.press(screen, config)["text"]


def test_other_peoples_things_stay_theirs(shop: Storefront, anna: Visitor) -> None:
    paid(shop, anna)
    config = next(b["callback_data"] for b in buttons(anna.say("/my")) if b["text"] == "Access and keys")
    mallory = shop.visitor(first_name="Mallory")
    screen = mallory.say("/start")
    assert "this subscription among yours" in mallory.press(screen, config)["text"]
    assert "this subscription among yours" in mallory.press(screen, config.replace("conf", "renew"))["text"]
    assert "this payment among yours" in mallory.press(screen, "check:1")["text"]
    assert len(mallory.messages()) == 1


def test_history_has_pages(shop: Storefront, anna: Visitor) -> None:
    assert "no payments yet" in anna.say("/history")["text"]
    anna.say("/start")
    pay_page(anna)
    for _ in range(6):
        shop.kiosk.world.offset.move(3601)  # the page of the attempt before is stale by now
        anna.say("/shop")
        anna.tap("VPN for a month")
        anna.tap("Pay")
    first = anna.say("/history")
    assert first["text"].count("VPN for a month") == 6
    second = anna.tap("Older ›")
    assert second["text"].count("VPN for a month") == 1
    assert anna.tap("‹ Newer")["text"] == first["text"]


def test_a_button_tapped_twice_does_nothing_twice(anna: Visitor) -> None:
    start = anna.last()
    first = anna.press(start, "shop")
    assert anna.press(start, "shop") == first
    anna.press(start, "agree:yookassa:vpn-1m")
    assert payment_id(anna.last()) == payment_id(anna.press(start, "agree:yookassa:vpn-1m"))


def test_a_button_under_a_file_is_answered_in_a_new_message(shop: Storefront, anna: Visitor) -> None:
    paid(shop, anna)
    anna.say("/my")
    anna.tap("Access and keys")
    anna.tap("Configuration and QR")
    photo = anna.messages()[-1]
    before = len(anna.messages())
    assert "What do you want to connect" in anna.press(photo, "help:1")["text"]
    assert len(anna.messages()) == before + 1
