"""Operators give in the chat what no machine gives."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apps.bot.storefront import Storefront, Visitor, buttons
from tests.services.provisioning.goods_sold import operators, owned, sell, shown
from tests.world import Person


@pytest.fixture
def ivan(shop: Storefront) -> Visitor:
    return operator(shop, "Ivan")


@pytest.fixture
def anna(shop: Storefront, ivan: Visitor) -> Person:
    sell(shop.kiosk, "manual", hours=6, title={"en": "An account", "ru": "Аккаунт"})
    return buyer(shop, "Анна")


def operator(shop: Storefront, name: str) -> Visitor:
    visitor = shop.visitor(first_name=name)
    visitor.say("/start")
    known = [Person(one, visitor.person().party, "en") for one in shop.kiosk.kit.settings.telegram_admin_ids]
    operators(shop.kiosk, *known, visitor.person())
    return visitor


def buyer(shop: Storefront, name: str) -> Person:
    person = shop.kiosk.person(name)
    shop.kiosk.buy(person, "thing")
    shop.take()
    return person


def labels(message: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(message)]


def test_from_the_message_to_the_buyer_in_a_few_taps(shop: Storefront, ivan: Visitor, anna: Person) -> None:
    assert "An account" in ivan.last()["text"]
    assert labels(ivan.tap("Open the task")) == ["Take it", "‹ Back"]
    assert "It is yours" in ivan.tap("Take it")["text"]
    assert "before it is sent" in ivan.tap("Text")["text"]
    seen = ivan.say("логин <anna>")
    assert "логин <anna>" in seen["text"]
    assert shown(shop.kiosk, anna) == [], "nothing is given before it was looked at"
    assert "The buyer has it" in ivan.tap("✅ Send to the buyer")["text"]
    shop.kiosk.drain()
    assert [one.content for one in shown(shop.kiosk, anna)] == ["логин <anna>"]


def test_what_is_no_link_is_asked_for_again(shop: Storefront, ivan: Visitor, anna: Person) -> None:
    ivan.tap("Open the task")
    ivan.tap("Take it")
    ivan.tap("Link")
    assert "no link" in ivan.say("example.org")["text"]
    assert "https://example.org/anna" in ivan.say("https://example.org/anna")["text"]
    ivan.tap("✅ Send")
    shop.kiosk.drain()
    assert [(one.kind, one.content) for one in shown(shop.kiosk, anna)] == [("link", "https://example.org/anna")]


def test_declining_shows_what_goes_back_and_gives_it_back(shop: Storefront, ivan: Visitor, anna: Person) -> None:
    ivan.tap("Open the task")
    ivan.tap("Take it")
    ivan.tap("Decline")
    seen = ivan.say("Закончились места.")
    assert "Decline, refund ₽100" in labels(seen)
    assert "Закончились места." in ivan.tap("Decline, refund")["text"]
    shop.kiosk.drain()
    shop.kiosk.hurry()
    assert owned(shop.kiosk, anna).state == "ended"
    assert shop.kiosk.count("refunds", "state = 'succeeded'") == 1
    assert any("Закончились места." in message.get("text", "") for message in shop.kiosk.messages(anna))


def test_two_operators_and_one_task(shop: Storefront, ivan: Visitor) -> None:
    olga = operator(shop, "Olga")
    sell(shop.kiosk, "manual")
    buyer(shop, "Анна")
    mine, hers = ivan.tap("Open the task"), olga.tap("Open the task")
    take = buttons(mine)[0]["callback_data"]
    assert "It is yours" in ivan.press(mine, take)["text"]
    answered = olga.press(hers, take)
    assert "Another operator" in answered["text"]
    assert labels(answered) == ["‹ Back"]
    ivan.tap("Leave it to others")
    assert "It is yours" in olga.press(olga.last(), take)["text"]


def test_for_everybody_else_none_of_it_is_there(shop: Storefront, ivan: Visitor, anna: Person) -> None:
    stranger = shop.visitor(first_name="Stranger")
    message = stranger.say("/start")
    for data in ("task:1", "tasktake:1", "taskask:1:text", "tasksend:1", "taskno:1:1", "taskdone:1", "tasks"):
        answered = stranger.press(message, data)
        assert "An account" not in answered["text"]
    stranger.say("/tasks")
    stranger.say("my words")
    with shop.kiosk.kit.db.begin() as tx:
        state = tx.connection().exec_driver_sql("SELECT state, operator, awaits FROM access_tasks").one()
    assert tuple(state) == ("open", None, None)


def test_words_are_taken_only_while_they_are_asked_for(shop: Storefront, ivan: Visitor, anna: Person) -> None:
    ivan.tap("Open the task")
    ivan.tap("Take it")
    ivan.say("just talking")
    ivan.tap("Text")
    ivan.tap("‹ Back")
    ivan.say("talking again")
    ivan.tap("Text") if "Text" in labels(ivan.last()) else ivan.press(ivan.last(), "taskask:1:text")
    shop.kiosk.world.offset.move(2 * 3600)
    ivan.say("much later")
    assert shop.kiosk.count("access_tasks", "sealed IS NULL") == 1
    ivan.press(ivan.last(), "taskask:1:text")
    ivan.say("/tasks")  # a command is no answer, and ends the question
    ivan.say("after it")
    assert shop.kiosk.count("access_tasks", "sealed IS NULL") == 1


def test_the_list_of_what_waits(shop: Storefront, ivan: Visitor, anna: Person) -> None:
    listed = ivan.say("/tasks")
    assert labels(listed)[0] == "1 · An account"
    ivan.tap("1 · An account")
    ivan.tap("Take it")
    ivan.tap("Key")
    ivan.say("AAAA-BBBB")
    ivan.tap("✅ Send")
    assert "Nothing waits" in ivan.say("/tasks")["text"]
    again = ivan.press(ivan.last(), "tasksend:1")
    assert "closed already" in again["text"]
