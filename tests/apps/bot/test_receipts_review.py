"""Operators decide about receipts in the chat; nobody else can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.apps.bot.club import operator
from tests.apps.bot.receipt_counter import Counter, message, send, send_receipt
from tests.apps.bot.storefront import Visitor, buttons
from tests.services.receipts.desk import picture


@pytest.fixture
def ivan(counter: Counter) -> Iterator[Visitor]:
    with operator(counter.shop) as visitor:
        yield visitor


def card(visitor: Visitor) -> dict[str, Any]:
    """The newest one with a picture."""
    return [one for one in visitor.messages() if "document" in one][-1]


def test_a_card_with_the_picture_is_approved_by_one_tap(counter: Counter, ivan: Visitor, shopper: Visitor) -> None:
    doubtful = counter.bought(reasons=("unconfirmed",), tier="D", code=None)
    told = send_receipt(counter, shopper, doubtful)
    assert "a person looks at it" in told["text"]
    seen = card(ivan)
    assert seen["document"]["file_name"] == "receipt-1.jpg"
    assert "Цитрамон-Дарниця — ₴50" in seen["caption"]
    assert "(unconfirmed)" in seen["caption"]
    assert "it brings ₴12.50" in seen["caption"]
    assert [button["text"] for button in buttons(seen)] == ["Approve", "Reject: choose the reason"]
    assert "Approved: ₴12.50" in ivan.press(seen, "receiptyes:1")["caption"]
    assert "decided already" in ivan.press(seen, "receiptyes:1")["caption"]
    counter.settle()
    assert "the bonus is paid" in message(shopper, told["message_id"])["text"]
    assert counter.look(1).reviewed_by == f"operator:{ivan.id}"
    assert counter.kiosk.balance(f"wallet:{shopper.person().party}", "UAH") == -1250


def test_the_reason_of_a_refusal_is_chosen_and_told(counter: Counter, ivan: Visitor, shopper: Visitor) -> None:
    told = send_receipt(counter, shopper, counter.bought(reasons=("edited",)))
    assert "1 · Аптека" in buttons(ivan.say("/reviews"))[0]["text"]
    ivan.tap("1 · Аптека")
    assert "Old" not in ivan.tap("Reject")["text"]
    assert "Rejected" in ivan.tap("A forgery")["text"]
    assert "decided already" in ivan.press(ivan.last(), "receiptno:1")["text"]
    assert "decided already" in ivan.press(ivan.last(), "receiptnofor:1:other")["text"]
    counter.settle()
    now = message(shopper, told["message_id"])["text"]
    assert "does not take it for a genuine receipt" in now
    assert counter.look(1).reason == "fraud"
    assert "No receipt waits" in ivan.say("/reviews")["text"]


def test_what_the_rules_do_not_pay_cannot_be_approved(counter: Counter, ivan: Visitor, shopper: Visitor) -> None:
    send_receipt(counter, shopper, counter.bought(reasons=("unconfirmed",), tier="D", lines=(), texts=("Хліб",)))
    ivan.press(card(ivan), "receiptyes:1")
    assert "cannot be approved as it is" in card(ivan)["caption"]
    assert "receipts correct 1" in card(ivan)["caption"]
    assert counter.look(1).state == "review"


def test_for_everybody_else_these_buttons_and_words_do_not_exist(counter: Counter, shopper: Visitor) -> None:
    send(shopper, picture(counter.bought(reasons=("unconfirmed",), tier="D")))
    counter.settle()
    for data in ("receiptyes:1", "receiptno:1", "receiptnofor:1:fraud", "review:1", "reviews"):
        assert "older version" in shopper.press(shopper.last(), data)["text"]
    assert "I understand buttons" in shopper.say("/reviews")["text"]
    assert counter.look(1).state == "review"
