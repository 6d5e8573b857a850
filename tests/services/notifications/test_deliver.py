"""One queue to Telegram: paced, each thing once, and what may have arrived is not repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import identity
from services.notifications import Pace
from services.notifications.tell import queue
from services.platform import cache
from services.platform.errors import TryLater
from tests.world import Kiosk, Person


def say(kiosk: Kiosk, person: Person, number: int = 1) -> None:
    """Queues one short message (that a payment failed)."""
    checkout = kiosk.checkout(person)
    with kiosk.kit.db.begin() as tx:
        params = {"payment_id": checkout.payment_id, "reason": "insufficient_funds"}
        queue(tx, person.telegram_id, "payment_failed", f"test:{person.telegram_id}:{number}", params, kiosk.now)


def fault(kiosk: Kiosk, mode: str, **options: object) -> None:
    kiosk.post("/telegram/faults", mode=mode, method="sendMessage", **options)


def state(kiosk: Kiosk) -> str:
    return str(kiosk.scalar("SELECT state FROM messages"))


def test_the_same_thing_is_said_once(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    for _ in range(3):
        say(kiosk, anna)
    kiosk.drain()
    assert len(kiosk.messages(anna)) == 1


def test_slow_down_holds_everybody_back(kiosk: Kiosk) -> None:
    kiosk.kit.pace.pause(3)
    for chat in (1, 2):
        assert 2 < kiosk.kit.pace.take(chat) <= 3


def test_slow_down_is_obeyed(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    fault(kiosk, "429", retry_after=1)
    say(kiosk, anna)
    kiosk.drain()
    assert kiosk.messages(anna) == []
    assert state(kiosk) == "queued"
    kiosk.drain(patience=1.5)
    assert len(kiosk.messages(anna)) == 1
    assert kiosk.scalar("SELECT failures FROM outbox_deliveries WHERE reaction = 'notifications.deliver'") == 0


def test_who_blocked_the_bot_is_left_alone_until_they_write(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.post(f"/telegram/chat/api/users/{anna.telegram_id}/block")
    say(kiosk, anna, 1)
    kiosk.drain()
    assert state(kiosk) == "dropped"
    asked = kiosk.http.get("/telegram/log").json()[-1]["n"]
    say(kiosk, anna, 2)
    kiosk.drain()
    assert kiosk.http.get(f"/telegram/log?after={asked}").json() == [], "asked Telegram again"

    kiosk.post(f"/telegram/chat/api/users/{anna.telegram_id}/unblock")
    with kiosk.kit.db.begin() as tx:
        identity.greet(
            tx, telegram_id=anna.telegram_id, first_name="Анна", username=None, language_code="ru", now=kiosk.now
        )
    say(kiosk, anna, 3)
    kiosk.drain()
    assert len(kiosk.messages(anna)) == 1


@pytest.mark.parametrize("mode", ["dropped_after", "502", "500"])
def test_a_message_that_may_have_arrived_is_not_repeated(kiosk: Kiosk, mode: str) -> None:
    anna = kiosk.person()
    fault(kiosk, mode)
    say(kiosk, anna)
    kiosk.drain()
    kiosk.hurry()
    assert state(kiosk) == "maybe"
    assert len(kiosk.messages(anna)) == (1 if mode == "dropped_after" else 0)


def test_a_worker_that_died_while_sending_leaves_no_second_message(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    say(kiosk, anna)
    kiosk.scalar("UPDATE messages SET state = 'sending' RETURNING id")
    kiosk.drain()
    assert state(kiosk) == "maybe"
    assert kiosk.messages(anna) == []


def test_what_was_bought_does_not_hang_on_a_lost_answer(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.post("/telegram/faults", mode="502", method="sendDocument")
    kiosk.buy(anna)
    told = kiosk.messages(anna)[-1]
    assert kiosk.count("messages", "kind = 'access_ready' AND state = 'sent'") == 1
    assert any(
        button["callback_data"].startswith("conf:") for row in told["reply_markup"]["inline_keyboard"] for button in row
    )


def test_telegram_out_of_reach_postpones(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    say(kiosk, anna)
    original = kiosk.kit.telegram._url
    kiosk.kit.telegram._url = "http://127.0.0.1:9/"
    kiosk.drain()
    assert state(kiosk) == "queued"
    kiosk.kit.telegram._url = original
    kiosk.hurry()
    assert len(kiosk.messages(anna)) == 1


def test_pace_is_one_a_second_to_a_chat_and_25_in_all(kiosk: Kiosk) -> None:
    pace: Pace = kiosk.kit.pace
    assert pace.take(1) == 0
    assert 0.5 < pace.take(1) <= 1
    assert sum(pace.take(chat) == 0 for chat in range(100, 140)) in range(24, 28)


def test_without_redis_messages_wait(kiosk: Kiosk) -> None:
    with pytest.raises(TryLater):
        Pace(cache.connect("redis://127.0.0.1:9/0")).take(1)


def test_hostile_names_and_texts_are_harmless(kiosk: Kiosk) -> None:
    anna = kiosk.person("<b>&\u202e💥" + "x" * 100)
    kiosk.buy(anna)
    assert kiosk.messages(anna)[-2]["document"]
    assert kiosk.http.get("/telegram/problems").json() == []


def test_three_languages(kiosk: Kiosk) -> None:
    captions = set()
    for code in ("ru", "uk", "en"):
        person = kiosk.person("Анна", code)
        kiosk.buy(person)
        captions.add(kiosk.messages(person)[-2]["caption"].split("!")[0])
    assert len(captions) == 3


def test_the_end_is_told_once(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    kiosk.pass_time(timedelta(days=32), step=timedelta(days=2))
    assert kiosk.count("messages", "kind = 'expired' AND state = 'sent'") == 1
