"""Pictures of receipts in the chat: taken at once, each one message from beginning to end."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

from PIL import Image

from services import receipts
from services.platform.errors import TryLater
from tests.apps.bot.receipt_counter import Counter, Storageless, message, send, send_receipt
from tests.apps.bot.storefront import Visitor, buttons
from tests.services.receipts.desk import picture


def labels(shown: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(shown)]


def test_one_receipt_is_one_message_from_the_picture_to_the_money(counter: Counter, shopper: Visitor) -> None:
    before = len(shopper.messages())
    answer = send(shopper, picture(counter.bought()))
    assert answer["text"] == "🧾 Got it, reading: a few seconds…"
    assert "document" in answer["reply_to_message"], "under the picture"
    assert counter.newest().message_id == answer["message_id"]
    counter.settle()
    told = message(shopper, answer["message_id"])
    assert "Receipt no. 1: the bonus is paid" in told["text"]
    assert "₴12.50, for Цитрамон-Дарниця" in told["text"]
    assert "On the receipt: Аптека" in told["text"]
    assert "on your balance" in told["text"]
    assert len(shopper.messages()) == before + 1
    assert counter.kiosk.balance(f"wallet:{shopper.person().party}", "UAH") == -1250


def test_each_picture_of_an_album_is_a_receipt_and_the_sixth_of_a_minute_waits(
    counter: Counter, shopper: Visitor
) -> None:
    answers = [send(shopper, picture(counter.bought(total=f"{100 + n}.00"))) for n in range(6)]
    assert len({answer["message_id"] for answer in answers}) == 6
    assert "lot of receipts" in answers[5]["text"]
    assert "in 1 minute" in answers[5]["text"]
    assert counter.kiosk.count("receipts") == 5


def test_of_a_photo_the_largest_size_is_taken(counter: Counter, shopper: Visitor) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (700, 1100), "white").save(drawn, "JPEG")
    send(shopper, drawn.getvalue(), as_="photo")
    key, storage = counter.newest().picture_key, counter.kiosk.kit.storage
    assert key is not None
    assert storage is not None
    assert Image.open(io.BytesIO(storage.get(key))).size == (700, 1100)


def test_nothing_is_kept_before_the_consent(counter: Counter) -> None:
    counter.run_campaign()
    anna = counter.shop.visitor()
    calls = counter.shop.last_call()
    asked = send(anna, picture(counter.bought()))
    assert "agree" in asked["text"]
    assert "send the picture once more" in asked["text"]
    assert "90 days" in asked["text"]
    assert counter.kiosk.count("receipts") == 0
    assert "getFile" not in [call["method"] for call in counter.shop.calls(calls)]
    anna.tap("Agree")
    assert "Got it" in send(anna, picture(counter.bought()))["text"]


def test_without_a_campaign_or_a_storage_there_is_a_polite_word(counter: Counter, shopper: Visitor) -> None:
    counter.shop.dispatcher["kit"] = replace(counter.kiosk.kit, storage=None)
    assert "cannot be taken at the moment" in send(shopper, picture(counter.bought()))["text"]
    counter.shop.dispatcher["kit"] = counter.kiosk.kit
    counter.stop_campaign()
    assert "No cashback campaign runs" in send(shopper, picture(counter.bought()))["text"]
    assert counter.kiosk.count("receipts") == 0


def test_what_cannot_be_taken_is_said_and_leaves_nothing(counter: Counter, shopper: Visitor) -> None:
    for name, kind, content, said in (
        ("notes.txt", "text/plain", b"milk", "no picture"),
        ("receipt.jpg", "image/jpeg", b"MZ\x90\x00", "no picture"),
        ("receipt.jpg", "image/jpeg", b"", "damaged"),
        ("receipt.jpg", "image/jpeg", b"\xff\xd8\xff" + b"x" * receipts.LARGEST, "too large: 10 MB at most"),
    ):
        answer = send(shopper, content, name=name, kind=kind)
        assert said in answer["text"]
        assert "How to take a good picture" in labels(answer)
    for size, said in ((receipts.LARGEST + 1, "too large: 10 MB at most"), (21 * 1024 * 1024, "20 MB at most")):
        assert said in large_file(counter, shopper, size)["text"]
    assert counter.kiosk.count("receipts") == 0


def large_file(counter: Counter, visitor: Visitor, size: int) -> dict[str, Any]:
    """What the bot says to a document of so many bytes."""
    before = visitor.chat()["version"]
    sender = {"id": visitor.id, "is_bot": False, "first_name": "Anna", "language_code": "en"}
    file = {"file_id": "BQ1", "file_unique_id": "AQ1", "file_name": "receipt.png", "mime_type": "image/png"}
    counter.shop.push(
        message={
            "message_id": 10**6,
            "date": int(counter.kiosk.now.timestamp()),
            "chat": {"id": visitor.id, "type": "private", "first_name": "Anna"},
            "from": sender,
            "document": {**file, "file_size": size},
        }
    )
    return visitor.last(before)


def test_the_same_picture_again_earns_nothing_whoever_sends_it(counter: Counter, shopper: Visitor) -> None:
    content = picture(counter.bought())
    send(shopper, content)
    counter.settle()
    ivan = counter.shop.visitor(first_name="Ivan")
    ivan.say("/start receipts")
    ivan.tap("Take part")
    ivan.tap("Agree")
    for visitor in (shopper, ivan):
        answer = send(visitor, content)
        counter.settle()
        told = message(visitor, answer["message_id"])
        assert "no bonus" in told["text"]
        assert "sent before" in told["text"]


def test_an_update_that_comes_again_is_the_same_receipt(counter: Counter, shopper: Visitor) -> None:
    """The bot was killed after it had kept the picture, and before it had noted that."""
    before = len(shopper.messages())
    content = picture(counter.bought())
    shopper.post_file(content)
    counter.shop.serve(times=2)
    counter.settle()
    assert (counter.look(1).state, counter.kiosk.count("receipts")) == ("paid", 1)
    assert len(shopper.messages()) == before + 1, "the first answer tells how it ended, the second is taken back"
    assert "the bonus is paid" in shopper.last()["text"]
    shopper.post_file(content)
    counter.settle()
    assert "sent before" in shopper.last()["text"], "another message with the same picture is another receipt"


def test_what_did_not_arrive_is_asked_for_again(counter: Counter, shopper: Visitor) -> None:
    counter.kiosk.post("/telegram/faults", mode="502", method="getFile")
    content = picture(counter.bought())
    assert "did not reach me" in send(shopper, content)["text"]
    assert counter.kiosk.count("receipts") == 0
    counter.shop.dispatcher["kit"] = replace(counter.kiosk.kit, storage=Storageless(TryLater("storage: 503")))
    assert "cannot keep pictures" in send(shopper, content)["text"]
    counter.shop.dispatcher["kit"] = counter.kiosk.kit
    answer = send(shopper, content)
    counter.settle()
    assert "the bonus is paid" in message(shopper, answer["message_id"])["text"]
    assert counter.kiosk.count("receipts") == 1


def test_a_message_that_is_gone_is_replaced_by_one_new_one(counter: Counter, shopper: Visitor) -> None:
    answer = send(shopper, picture(counter.bought()))
    token = counter.shop.bot.token
    counter.kiosk.post(f"/telegram/bot{token}/deleteMessage", chat_id=shopper.id, message_id=answer["message_id"])
    before = len(shopper.messages())
    counter.settle()
    assert len(shopper.messages()) == before + 1
    assert "the bonus is paid" in shopper.last()["text"]


def test_late_news_is_a_new_message_in_place_of_the_old_one(counter: Counter, shopper: Visitor) -> None:
    told = send_receipt(counter, shopper, counter.bought(tier="D", reasons=("unconfirmed",), code=None))
    assert "a person looks at it" in told["text"]
    assert "could be read for sure. Usually within a day" in told["text"]
    before = len(shopper.messages())
    counter.kiosk.world.offset.move(int(timedelta(hours=3).total_seconds()))
    with counter.kiosk.kit.db.begin() as tx:
        receipts.approve(tx, counter.kiosk.kit.cipher, 1, actor="operator:1", now=counter.kiosk.now)
    counter.settle()
    assert len(shopper.messages()) == before, "one receipt is one message"
    assert shopper.last()["message_id"] > told["message_id"]
    assert "the bonus is paid" in shopper.last()["text"]


def test_a_bonus_for_a_phone_waits_for_the_number(counter: Counter) -> None:
    counter.run_campaign("manual")
    anna = counter.shop.visitor()
    anna.say("/receipt")
    anna.tap("Take part")
    anna.tap("Agree")
    assert "Which mobile number" in anna.last()["text"], "asked for after the consent"
    told = send_receipt(counter, anna, counter.bought())
    assert "Receipt no. 1: accepted" in told["text"]
    assert "Which phone" in told["text"]
    assert labels(told) == ["Give my number", "Details"]
    anna.press(told, "phone")
    counter.kiosk.post(f"/telegram/chat/api/users/{anna.id}/contact", phone_number="+380671234589")
    counter.settle()
    told = message(anna, told["message_id"])
    assert "to the phone +380\u00a067\u00a0***\u00a0**\u00a089" in told["text"]
    assert labels(told) == ["Details"]


def test_what_to_do_next_stands_under_a_refusal(counter: Counter, shopper: Visitor) -> None:
    unreadable = send_receipt(counter, shopper, None)
    assert "Receipt no. 1: no bonus" in unreadable["text"]
    assert "take the picture again" in unreadable["text"]
    assert labels(unreadable) == ["Type it in", "How to take a good picture", "Details"]
    other = send_receipt(counter, shopper, counter.bought(texts=("Хліб",), lines=()))
    assert "None of the products" in other["text"]
    assert labels(other) == ["Details"]
