"""Stars: invoices in the chat, the word at the till, payments, renewals and refunds that Telegram tells of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from apps.bot.routers import stars
from services.platform.db import Database
from tests.apps.bot.storefront import Storefront, Visitor, buttons, open_storefront
from tests.world import TOML, MakeKiosk

THIRTY_DAYS = TOML.replace("{months = 1}", "{days = 30}")
PAY = "Pay 150 ⭐ (Telegram Stars)"
SUBSCRIBE = "Subscribe: 150 ⭐ every 30 days"
CLOSED = "This invoice cannot be paid"


def invoice_of(anna: Visitor, way: str = PAY) -> dict[str, Any]:
    """From the catalogue to the invoice message."""
    anna.say("/shop")
    anna.tap("VPN for a month")
    screen = anna.tap(way)
    if "agree to the terms" in screen["text"]:
        anna.tap("Accept and pay")
    return anna.messages()[-1]


def paid(shop: Storefront, anna: Visitor) -> dict[str, Any]:
    """Anna has paid an invoice, and has what she paid for."""
    invoice = invoice_of(anna)
    ended = anna.pays(message_id=invoice["message_id"])
    assert ended["status"] == "paid", ended
    shop.kiosk.drain()
    return ended


def state(shop: Storefront) -> str:
    return str(shop.kiosk.scalar("SELECT state FROM payments ORDER BY id DESC LIMIT 1"))


# --- one payment ----------------------------------------------------------------------------------------------------


def test_from_start_to_the_key_in_stars(shop: Storefront, anna: Visitor) -> None:
    taps = ["Buy VPN access", "VPN for a month", PAY, "Accept and pay 150 ⭐"]
    for tap in taps:
        anna.tap(tap)
    screen, invoice = anna.messages()[-2:]
    assert "in the next message" in screen["text"]
    assert (invoice["invoice"]["currency"], invoice["invoice"]["total_amount"]) == ("XTR", 150)
    assert len([*taps, "Pay in the invoice"]) <= 5

    assert anna.pays(message_id=invoice["message_id"])["status"] == "paid"
    assert "Paid, thank you" in anna.messages()[-1]["text"]
    shop.kiosk.drain()
    assert "days left" in anna.say("/my")["text"]
    assert shop.kiosk.balance("clearing:stars", "XTR") == 150
    assert shop.kiosk.faults() == []


def test_the_invoice_is_sent_once_for_two_taps_and_again_on_a_new_way(shop: Storefront, anna: Visitor) -> None:
    invoice_of(anna)
    screen = anna.messages()[-2]
    before = len(anna.messages())
    anna.press(screen, "pay:stars:vpn-1m")
    assert len(anna.messages()) == before
    anna.press(screen, "tariff:vpn-1m")
    anna.press(screen, "pay:stars:vpn-1m")
    assert len(anna.messages()) == before + 1
    assert shop.kiosk.count("payments") == 1


def test_checking_before_and_after(shop: Storefront, anna: Visitor) -> None:
    invoice = invoice_of(anna)
    anna.tap("Check payment")
    assert "Not paid yet" in anna.alert()
    anna.pays(message_id=invoice["message_id"])
    anna.tap("Check payment")
    assert state(shop) == "succeeded"
    shop.kiosk.drain()
    assert shop.kiosk.count("subscription_changes") == 1


# --- at the till ----------------------------------------------------------------------------------------------------


def refused(shop: Storefront, ended: dict[str, Any], words: str = CLOSED) -> bool:
    assert words in ended["error"]
    return bool(ended["status"] == "failed" and shop.kiosk.balance("clearing:stars", "XTR") == 0)


def test_somebody_elses_invoice_is_refused(shop: Storefront, anna: Visitor) -> None:
    invoice_of(anna)
    link = shop.kiosk.scalar("SELECT pay_url FROM payments")
    mallory = shop.visitor(first_name="Mallory")
    assert refused(shop, mallory.pays(link=link)), "a stranger, whom the bot does not even know"
    mallory.say("/start")
    assert refused(shop, mallory.pays(link=link))


def test_a_forwarded_copy_leads_to_the_shop(shop: Storefront, anna: Visitor) -> None:
    invoice = invoice_of(anna)
    assert invoice["invoice"]["start_parameter"] == "buy_vpn-1m"


def test_a_second_payment_of_the_same_invoice_is_refused(shop: Storefront, anna: Visitor) -> None:
    paid(shop, anna)
    assert "it is closed" in anna.pays(link=shop.kiosk.scalar("SELECT pay_url FROM payments"))["error"]
    assert shop.kiosk.balance("clearing:stars", "XTR") == 150


def test_an_invoice_whose_time_is_over_is_refused(shop: Storefront, anna: Visitor) -> None:
    invoice = invoice_of(anna)
    shop.kiosk.world.offset.move(int(timedelta(hours=25).total_seconds()))
    assert refused(shop, anna.pays(message_id=invoice["message_id"]))


def test_what_is_switched_off_is_refused(shop: Storefront, anna: Visitor) -> None:
    invoice = invoice_of(anna)
    shop.switch("stars", on=False)
    assert refused(shop, anna.pays(message_id=invoice["message_id"]))


@pytest.mark.parametrize(
    "changes",
    [{"total_amount": 1}, {"currency": "USD"}, {"currency": "DOGE"}, {"invoice_payload": "order 5"}],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_not_as_it_was_asked_for_is_refused(shop: Storefront, anna: Visitor, changes: dict[str, Any]) -> None:
    invoice_of(anna)
    query = {
        "id": "777",
        "from": {"id": anna.id, "is_bot": False, "first_name": "Anna", "language_code": "en"},
        "currency": "XTR",
        "total_amount": 150,
        "invoice_payload": str(shop.kiosk.scalar("SELECT key FROM payments")),
    }
    before = shop.last_call()
    with capture_logs() as logged:  # the sandbox knows no such query: the attempt is enough
        shop.push(pre_checkout_query=query | changes)
    answer = next(call for call in shop.calls(before) if call["method"] == "answerPreCheckoutQuery")["args"]
    assert answer["ok"] is False
    assert CLOSED in answer["error_message"]
    assert "pre_checkout_refused" in [line["event"] for line in logged]


def test_the_words_are_in_the_language_that_was_chosen(shop: Storefront, anna: Visitor) -> None:
    invoice = invoice_of(anna)
    shop.switch("stars", on=False)
    anna.press(anna.last(), "lang:uk")
    assert "Цей рахунок сплатити не можна" in anna.pays(message_id=invoice["message_id"])["error"]


def test_a_slow_database_does_not_keep_anybody_at_the_till(
    shop: Storefront, anna: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stars, "DECIDE_SECONDS", 0.2)
    invoice = invoice_of(anna)
    with shop.kiosk.kit.db.begin() as tx:
        tx.execute(text("LOCK TABLE payments IN ACCESS EXCLUSIVE MODE"))
        with capture_logs() as logged:
            assert refused_now(anna.pays(message_id=invoice["message_id"]))
    assert [line["event"] for line in logged] == ["pre_checkout_failed"]
    assert anna.pays(message_id=invoice["message_id"])["status"] == "paid", "a moment later it works"


def test_without_the_database_there_is_an_answer_too(shop: Storefront, anna: Visitor) -> None:
    invoice = invoice_of(anna)
    with closing(Database("postgresql://kiosk@/kiosk?host=/nonexistent")) as nowhere, capture_logs():
        whole, shop.kiosk.kit = shop.kiosk.kit, replace(shop.kiosk.kit, db=nowhere)
        with open_storefront(shop.kiosk) as cut_off:
            ended = Visitor(cut_off, anna.id).pays(message_id=invoice["message_id"])
        shop.kiosk.kit = whole
    assert refused_now(ended)


def refused_now(ended: dict[str, Any]) -> bool:
    return bool(ended["status"] == "failed" and "cannot take this payment right now" in ended["error"])


# --- a subscription in Stars ----------------------------------------------------------------------------------------


@pytest.fixture
def thirty(shop: Storefront, anna: Visitor) -> Visitor:
    shop.import_tariffs(THIRTY_DAYS)
    return anna


def subscribed(shop: Storefront, anna: Visitor) -> str:
    """Anna has subscribed. The subscription's name at Telegram."""
    anna.say("/shop")
    anna.tap("VPN for a month")
    anna.tap(SUBSCRIBE)
    screen = anna.tap("Accept and pay 150 ⭐")
    assert "every 30 days" in screen["text"]
    (page,) = [button for button in buttons(screen) if "url" in button]
    ended = anna.pays(link=page["url"])
    assert ended["status"] == "paid", ended
    shop.kiosk.drain()
    return str(ended["charge_id"])


def at_telegram(shop: Storefront, anna: Visitor, charge: str, what: str, **how: Any) -> None:
    shop.kiosk.post(f"/telegram/chat/api/users/{anna.id}/subscriptions/{charge}/{what}", **how)
    shop.serve()
    shop.kiosk.drain()


def test_only_thirty_days_can_be_subscribed_to(shop: Storefront, anna: Visitor) -> None:
    anna.say("/shop")
    assert SUBSCRIBE not in [button["text"] for button in buttons(anna.tap("VPN for a month"))]
    assert "not available" in anna.press(anna.last(), "sub:stars:vpn-1m")["text"]
    shop.import_tariffs(THIRTY_DAYS)
    anna.say("/shop")
    assert SUBSCRIBE in [button["text"] for button in buttons(anna.tap("VPN for a month"))]
    shop.import_tariffs(THIRTY_DAYS.replace('"150"', '"10001"'))
    anna.say("/shop")
    assert not [one for one in buttons(anna.tap("VPN for a month")) if one["text"].startswith("Subscribe")]


def test_the_terms_can_be_read_on_the_way_to_a_subscription(thirty: Visitor) -> None:
    thirty.say("/shop")
    thirty.tap("VPN for a month")
    thirty.tap(SUBSCRIBE)
    thirty.tap("Read the terms")
    thirty.tap("‹ Back")
    assert "every 30 days" in thirty.tap("Accept and pay")["text"]


def test_a_renewal_prolongs_and_is_thanked_for_once(shop: Storefront, thirty: Visitor) -> None:
    charge = subscribed(shop, thirty)
    before = len(thirty.messages())
    at_telegram(shop, thirty, charge, "renew")
    assert [message["text"].split("!")[0] for message in thirty.messages()[before:]] == ["Thank you"]
    assert shop.kiosk.count("invoices", "state = 'paid'") == 2
    assert shop.kiosk.count("subscription_changes") == 2
    assert "60 days left" in thirty.say("/my")["text"]
    assert shop.kiosk.faults() == []


@pytest.mark.parametrize(
    ("what", "how", "words"),
    [("cancel", {}, "no more Stars will be charged"), ("renew", {"fails": True}, "could not charge the Stars")],
)
def test_the_end_of_a_renewal_is_told(
    shop: Storefront, thirty: Visitor, what: str, how: dict[str, Any], words: str
) -> None:
    charge = subscribed(shop, thirty)
    before = len(thirty.messages())
    at_telegram(shop, thirty, charge, what, **how)
    (told,) = thirty.messages()[before:]
    assert words in told["text"]
    assert "Your access works until" in told["text"]
    assert shop.kiosk.count("payment_notifications", "kind LIKE 'subscription.%'") == 1


# --- money that goes back, and money nobody expects -----------------------------------------------------------------


def test_a_refund_in_stars(shop: Storefront, anna: Visitor) -> None:
    paid(shop, anna)
    before = len(anna.messages())
    shop.kiosk.refund(int(shop.kiosk.scalar("SELECT id FROM payments")))
    shop.kiosk.drain()
    shop.serve()  # Telegram's own word of it
    shop.kiosk.drain()
    told = [message for message in anna.messages()[before:] if "text" in message]
    assert len(told) == 1
    assert "We have returned 150 ⭐" in told[0]["text"]
    assert "back on your Telegram account" in told[0]["text"]
    assert "your access ended on" in told[0]["text"]
    assert shop.kiosk.faults() == []


def test_a_refund_that_telegram_names_a_robot_or_a_group_for_is_noted(shop: Storefront, anna: Visitor) -> None:
    """Who the sender of that message is, Telegram does not say."""
    ended = paid(shop, anna)
    refund = {
        "currency": "XTR",
        "total_amount": 150,
        "invoice_payload": str(shop.kiosk.scalar("SELECT key FROM payments")),
        "telegram_payment_charge_id": ended["charge_id"],
    }
    robot = {"id": 42, "is_bot": True, "first_name": "Kiosk"}
    chat = {"id": anna.id, "type": "private", "first_name": "Anna"}
    shop.push(message={"message_id": 9000, "date": 1, "chat": chat, "from": robot, "refunded_payment": refund})
    shop.kiosk.drain()
    assert shop.kiosk.count("refunds", "state = 'succeeded'") == 1


def test_money_is_noted_from_updates_that_cannot_be_decoded(shop: Storefront, anna: Visitor) -> None:
    invoice_of(anna)
    payment = {
        "currency": "XTR",
        "total_amount": 150,
        "invoice_payload": str(shop.kiosk.scalar("SELECT key FROM payments")),
        "telegram_payment_charge_id": "charge-1",
        "provider_payment_charge_id": "",
    }
    sender = {"id": anna.id, "is_bot": False, "first_name": "Anna"}
    shop.kiosk.post(
        "/telegram/chat/api/updates",
        message={"message_id": "x", "date": 1, "chat": "of a new kind", "from": sender, "successful_payment": payment},
    )
    with pytest.raises(Exception, match=r"message\.chat"):
        shop.serve()
    shop.kiosk.drain()
    assert state(shop) == "succeeded"


@pytest.fixture
def without_stars(make_kiosk: MakeKiosk) -> Iterator[Storefront]:
    with (
        make_kiosk(PAYMENT_PROVIDERS="yookassa", TELEGRAM_ADMIN_IDS="5210000001") as kiosk,
        open_storefront(kiosk) as shop,
    ):
        yield shop


def test_stars_that_this_shop_does_not_take_are_kept_for_an_operator(without_stars: Storefront) -> None:
    shop = without_stars
    anna = shop.visitor()
    anna.say("/start")
    link = shop.kiosk.post(
        f"/telegram/bot{shop.bot.token}/createInvoiceLink",
        title="VPN", description="VPN", payload="of another release", provider_token="", currency="XTR",
        prices=[{"label": "VPN", "amount": 150}],
    )["result"]  # fmt: skip
    assert refused(shop, anna.pays(link=link))
    payment = {
        "currency": "XTR",
        "total_amount": 150,
        "invoice_payload": "of another release",
        "telegram_payment_charge_id": "charge-1",
        "provider_payment_charge_id": "",
    }
    sender = {"id": anna.id, "is_bot": False, "first_name": "Anna"}
    chat = {"id": anna.id, "type": "private", "first_name": "Anna"}
    told = {"message_id": 9000, "date": 1_800_000_000, "chat": chat, "from": sender, "successful_payment": payment}
    with capture_logs() as logged:
        shop.push(message=told)
        shop.push(message=told)
    assert [line["log_level"] for line in logged if line["event"] == "stars_of_nobody"] == ["error", "error"]
    with shop.kiosk.kit.db.begin() as tx:
        kept = tx.execute(text("SELECT subject, detail FROM audit_log WHERE action = 'stars.successful_payment'"))
        assert {(row.subject, row.detail["amount"], row.detail["from"]) for row in kept} == {
            ("charge:charge-1", 150, anna.id)
        }
    assert shop.kiosk.count("messages", "kind = 'admin_stray_stars' AND telegram_id = 5210000001") == 1
