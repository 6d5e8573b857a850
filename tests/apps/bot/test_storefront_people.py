"""People of every language and name, and everything that is not a purchase: links, groups, old buttons, crashes."""

from __future__ import annotations

from typing import Any

import pytest
from aiogram.exceptions import TelegramBadRequest
from sqlalchemy import text
from structlog.testing import capture_logs

from services import identity
from services.platform.i18n import language
from services.platform.money import Money
from tests.apps.bot.storefront import Storefront, Visitor, buttons

PRICE = language("en").money(Money(29900, "RUB"))


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
    assert names == [
        *("start", "shop", "my", "promo", "history", "invite", "gift", "language", "terms", "support", "help"),
    ]
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


def test_a_payment_by_a_provider_we_do_not_have(anna: Visitor) -> None:
    card = anna.press(anna.last(), "pay:other:vpn-1m")
    assert "not available right now" in card["text"]
    assert any(button["callback_data"] == "pay:yookassa:vpn-1m" for button in buttons(card))


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
