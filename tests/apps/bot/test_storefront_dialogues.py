"""People and the storefront, over a real Bot API, payment provider and database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiogram.exceptions import TelegramBadRequest
from sqlalchemy import text
from storefront import Storefront, Visitor, buttons, open_storefront
from structlog.testing import capture_logs

from services import identity
from services.platform.i18n import language
from services.platform.money import Money
from tests.world import Kiosk

PRICE = language("en").money(Money(29900, "RUB"))


@pytest.fixture
def shop(kiosk: Kiosk) -> Iterator[Storefront]:
    with open_storefront(kiosk) as storefront:
        yield storefront


@pytest.fixture
def anna(shop: Storefront) -> Visitor:
    visitor = shop.visitor()
    visitor.say("/start")
    return visitor


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
        f"Pay {PRICE} by bank card (YooKassa)",
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
    assert [button["text"] for button in buttons(ended)] == ["Renew", "Main menu"]
    (config,) = [b["callback_data"] for b in buttons(screen) if b["text"] == "Configuration and QR"]
    assert "has ended" in anna.press(screen, config)["text"]


def test_other_peoples_things_stay_theirs(shop: Storefront, anna: Visitor) -> None:
    paid(shop, anna)
    config = next(b["callback_data"] for b in buttons(anna.say("/my")) if b["text"] == "Configuration and QR")
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


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ("shop", "VPN for a month"),
        ("my", "You have none yet"),
        ("buy_vpn-1m", f"{PRICE} for 1 month"),
        ("buy_gone", "no longer on sale"),
        ("friend_42", "Hello"),
        ("%%%", "Hello"),
    ],
)
def test_deep_links(shop: Storefront, parameter: str, words: str) -> None:
    screen = shop.visitor().say(f"/start {parameter}")
    assert words in screen["text"] + " ".join(button["text"] for button in buttons(screen))


def test_the_first_start_parameter_is_kept(shop: Storefront) -> None:
    anna = shop.visitor()
    anna.say("/start spring_sale")
    anna.say("/start other")
    kept = shop.kiosk.scalar("SELECT start_parameter FROM users WHERE telegram_id = :id", id=anna.id)
    assert kept == "spring_sale"


@pytest.mark.parametrize(
    ("code", "hello"), [("uk", "Вітаємо"), ("ru", "Здравствуйте"), ("en-US", "Hello"), ("de", "Здравствуйте")]
)
def test_the_language_is_telegrams_until_one_is_chosen(shop: Storefront, code: str, hello: str) -> None:
    anna = shop.visitor(language_code=code)
    screen = anna.say("/start")
    assert hello in screen["text"]
    assert "українською" in anna.press(screen, "lang:uk")["text"]
    assert "Головне меню" in anna.press(screen, "menu")["text"]


def test_every_command_answers_and_is_in_the_menu(shop: Storefront, anna: Visitor) -> None:
    shop.start_up()
    menu = shop.kiosk.http.get(f"/telegram/chat/api/users/{anna.id}/menu").json()["commands"]
    names = [command["command"] for command in menu]
    assert names == ["start", "shop", "my", "history", "language", "terms", "support", "help"]
    for name in names:
        before = len(anna.messages())
        assert "I understand buttons" not in anna.say(f"/{name}")["text"]
        assert len(anna.messages()) == before + 1


def test_publishing_the_menu_may_fail(shop: Storefront) -> None:
    shop.kiosk.post("/telegram/faults", mode="502", method="setMyCommands")
    shop.start_up()


def test_instructions_for_every_system(anna: Visitor) -> None:
    anna.tap("How to connect")
    for system in ("🍏", "🤖", "🪟", "💻", "🐧"):
        assert "WireGuard" in anna.tap(system)["text"]
        anna.tap("‹ Back")


HOSTILE_NAMES = [
    "<b>Anna</b> & <script>",
    "</b></a>&amp;{name}{0}",
    "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "\u202eevil \u2067אנה",
    "я" * 200,
    "\u200b",
    "line\nbreak\ttab",
    "%s %(x)s \\n",
]


def test_no_name_breaks_a_message(shop: Storefront) -> None:
    for name in HOSTILE_NAMES:
        anna = shop.visitor(first_name=name)
        assert "Hello" in anna.say("/start")["text"]
        assert "Main menu" in anna.press(anna.last(), "menu")["text"]


def test_any_other_words_get_a_hint(anna: Visitor) -> None:
    for words in ("hello", "/nonsense", "299", "<b>", "🙂"):
        assert "buttons and commands" in anna.say(words)["text"]


@pytest.mark.parametrize(
    "data", ["old:1", "conf:abc", "conf:-1", f"conf:{2**63}", "tariff:НЕТ", "lang:de", "my:1", ":"]
)
def test_a_button_of_another_version_leads_to_the_menu(anna: Visitor, data: str) -> None:
    assert "older version" in anna.press(anna.last(), data)["text"]


def test_a_button_tapped_twice_does_nothing_twice(anna: Visitor) -> None:
    start = anna.last()
    first = anna.press(start, "shop")
    assert anna.press(start, "shop") == first
    anna.press(start, "agree:yookassa:vpn-1m")
    assert payment_id(anna.last()) == payment_id(anna.press(start, "agree:yookassa:vpn-1m"))


def test_a_payment_by_a_provider_we_do_not_have(anna: Visitor) -> None:
    assert "no longer on sale" in anna.press(anna.last(), "pay:other:vpn-1m")["text"]


def test_a_button_under_a_file_is_answered_in_a_new_message(shop: Storefront, anna: Visitor) -> None:
    paid(shop, anna)
    anna.say("/my")
    anna.tap("Configuration and QR")
    photo = anna.messages()[-1]
    before = len(anna.messages())
    assert "What do you want to connect" in anna.press(photo, "help:1")["text"]
    assert len(anna.messages()) == before + 1


def callback(anna: Visitor, **fields: Any) -> dict[str, Any]:
    person = {"id": anna.id, "is_bot": False, "first_name": "Anna", "language_code": "en"}
    return {"id": "777", "from": person, "chat_instance": "1", "data": "menu", **fields}


@pytest.mark.parametrize("kind", ["none", "inaccessible"])
def test_a_button_whose_message_is_gone_gets_a_new_one(shop: Storefront, anna: Visitor, kind: str) -> None:
    gone = {"chat": {"id": anna.id, "type": "private"}, "message_id": 1, "date": 0}
    before = len(anna.messages())
    shop.push(callback_query=callback(anna, **({"message": gone} if kind == "inaccessible" else {})))
    assert len(anna.messages()) == before + 1
    assert "Main menu" in anna.last()["text"]


def test_somebody_elses_button_is_refused(shop: Storefront, anna: Visitor) -> None:
    screen = anna.last()
    mallory = shop.visitor(first_name="Mallory")
    mallory.say("/start")
    before = shop.last_call()
    shop.push(callback_query=callback(mallory, message=screen))
    assert [call["method"] for call in shop.calls(before) if call["method"] != "getUpdates"] == ["answerCallbackQuery"]
    assert anna.last() == screen


def test_in_groups_only_start_is_answered_with_the_way_to_the_private_chat(shop: Storefront, anna: Visitor) -> None:
    person = {"id": anna.id, "is_bot": False, "first_name": "Anna", "language_code": "en"}
    said = {"message_id": 5, "date": 1, "chat": {"id": -100, "type": "supergroup", "title": "Us"}, "from": person}
    before = shop.last_call()
    for words in ("hello", "/shop"):
        shop.push(message={**said, "text": words})
    assert [call for call in shop.calls(before) if call["method"] != "getUpdates"] == []
    # The sandbox has no groups: the attempt is enough.
    with capture_logs(), pytest.raises(TelegramBadRequest, match="chat not found"):
        shop.push(message={**said, "text": "/start"})
    answer = next(call for call in shop.calls(before) if call["method"] == "sendMessage")["args"]
    assert answer["chat_id"] == -100
    assert "kiosk_bot" in str(answer["reply_markup"])


def test_channels_and_other_bots_get_no_answer(shop: Storefront, anna: Visitor) -> None:
    chat = {"id": anna.id, "type": "private"}
    robot = {"id": 5, "is_bot": True, "first_name": "Robot"}
    before = shop.last_call()
    shop.push(message={"message_id": 5, "date": 1, "chat": chat, "text": "/start"})
    shop.push(message={"message_id": 5, "date": 1, "chat": chat, "text": "/start", "from": robot})
    assert [call for call in shop.calls(before) if call["method"] != "getUpdates"] == []


def test_who_blocks_the_bot_is_left_alone_until_back(shop: Storefront, anna: Visitor) -> None:
    def reachable() -> bool:
        with shop.kiosk.kit.db.begin() as tx:
            known = identity.find_user(tx, anna.id)
        assert known is not None
        return known.reachable

    anna.set_blocked(blocked=True)
    assert not reachable()
    anna.set_blocked(blocked=False)
    assert reachable()


def test_a_refusal_by_telegram_marks_the_chat(shop: Storefront, anna: Visitor) -> None:
    anna.shop.kiosk.post(f"/telegram/chat/api/users/{anna.id}/block")
    shop.take()  # the news of it is lost
    person = {"id": anna.id, "is_bot": False, "first_name": "Anna"}
    said = {"message_id": 5, "date": 1, "chat": {"id": anna.id, "type": "private"}, "from": person, "text": "/start"}
    shop.push(message=said)
    assert shop.kiosk.scalar("SELECT unreachable_at FROM users WHERE telegram_id = :id", id=anna.id) is not None


def test_a_crash_is_told_kindly_and_the_same_button_works_later(shop: Storefront, anna: Visitor) -> None:
    with shop.kiosk.kit.db.begin() as tx:
        tx.execute(text("ALTER TABLE tariffs RENAME TO elsewhere"))
    with capture_logs() as logs:
        assert "Something went wrong" in anna.tap("Buy VPN access")["text"]
    assert [(line["event"], line["error"]) for line in logs] == [("update_failed", "ProgrammingError")]
    with shop.kiosk.kit.db.begin() as tx:
        tx.execute(text("ALTER TABLE elsewhere RENAME TO tariffs"))
    assert "VPN for a month" in str(anna.tap("Try again"))


def test_a_crash_before_the_person_is_known(shop: Storefront, anna: Visitor) -> None:
    with shop.kiosk.kit.db.begin() as tx:
        tx.execute(text("ALTER TABLE users RENAME TO people"))
    with capture_logs():
        assert "Something went wrong" in anna.say("/start")["text"]
