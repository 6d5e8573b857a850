"""Answering: in each person's order, side by side, and once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text

from apps.bot import consumer as module
from apps.bot.consumer import Consumer, Undecodable, chat_of, person_of
from services.platform.db import Database
from tests.apps.bot.engine_inbox import rows, states, store
from tests.apps.bot.engine_telegram import BOT_ID, message

Handler = Callable[[dict[str, Any]], Awaitable[None]]


@asynccontextmanager
async def consuming(db: Database, handle: Handler, finish: float = 10) -> AsyncIterator[Consumer]:
    """A consumer at work; at the end it has finished what was in hand."""
    consumer = Consumer(db, BOT_ID, handle)
    over = asyncio.Event()
    running = asyncio.create_task(consumer.run(over))
    async with asyncio.timeout(30):
        yield consumer
        over.set()
        consumer.wake()
        await running
        await consumer.finish(finish)


class Answers:
    """A handler that notes whom it answered, and lets the test wait for a number of answers."""

    def __init__(self, expected: int) -> None:
        self.given: list[tuple[int, int]] = []
        self.at_once = self.most_at_once = 0
        self.all = asyncio.Event()
        self._expected = expected

    async def __call__(self, update: dict[str, Any]) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001 * (update["update_id"] % 3))
        self.at_once -= 1
        self.given.append((person_of(update), update["update_id"]))
        if len(self.given) == self._expected:
            self.all.set()


def test_one_person_is_answered_in_order_and_many_side_by_side(db: Database) -> None:
    async def scenario() -> Answers:
        answers = Answers(expected=100)
        store(db, [message(number, person=number % 5) for number in range(100)])
        async with consuming(db, answers):
            await answers.all.wait()
        return answers

    answers = asyncio.run(scenario())
    for person in range(5):
        assert [number for who, number in answers.given if who == person] == list(range(person, 100, 5))
    assert 1 < answers.most_at_once <= 5
    assert {state for _, state in states(db)} == {"done"}


def test_a_hundred_taps_of_one_person_keep_nobody_waiting(db: Database) -> None:
    async def scenario() -> None:
        impatient, calm = asyncio.Event(), asyncio.Event()

        async def handle(update: dict[str, Any]) -> None:
            if person_of(update) == 1:
                await impatient.wait()
            else:
                calm.set()

        store(db, [message(number, person=1) for number in range(100)])
        async with consuming(db, handle) as consumer:
            store(db, [message(1000, person=2)])
            consumer.wake()
            await calm.wait()
            impatient.set()

    asyncio.run(scenario())
    assert Counter(state for _, state in states(db)) == {"done": 101}


def test_handlers_are_bounded_and_so_is_what_is_in_hand(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_HANDLERS", 3)
    monkeypatch.setattr(module, "MOST_IN_HAND", 5)

    async def scenario() -> Answers:
        answers, go, three = Answers(expected=12), asyncio.Event(), asyncio.Semaphore(0)

        async def handle(update: dict[str, Any]) -> None:
            three.release()
            await go.wait()
            await answers(update)

        store(db, [message(number, person=number) for number in range(12)])
        async with consuming(db, handle) as consumer:
            for _ in range(3):
                await three.acquire()
            assert not consumer.room.is_set()
            assert len(consumer._in_hand) == 5
            assert sum(row.attempts for row in rows(db)) == 3, "an attempt is counted when its handling starts"
            go.set()
            await answers.all.wait()
            assert consumer.room.is_set()
        return answers

    assert asyncio.run(scenario()).most_at_once == 3


def test_what_fails_is_noted_without_anybodys_words_and_the_next_is_answered(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HANDLER_SECONDS", 0.05)

    async def scenario() -> None:
        last = asyncio.Event()

        async def handle(update: dict[str, Any]) -> None:
            match update["update_id"]:
                case 1:
                    raise Undecodable("message.date: missing")
                case 2:
                    raise ValueError("words of a person")
                case 3:
                    await asyncio.sleep(3600)
                case 4:
                    raise TimeoutError("of the handler's own")
                case 5:
                    last.set()

        store(db, [message(number) for number in range(1, 6)])
        async with consuming(db, handle):
            await last.wait()

    asyncio.run(scenario())
    assert states(db) == [(1, "undecodable"), (2, "failed"), (3, "failed"), (4, "failed"), (5, "done")]
    errors = [row.error or "" for row in rows(db)]
    assert errors[0] == "message.date: missing"
    assert errors[1].startswith("ValueError at ")
    assert "test_engine_consumer.py:" in errors[1]
    assert "words" not in errors[1]
    assert errors[2] == "longer than 0.05 s"
    assert errors[3].startswith("TimeoutError at ")


def test_what_is_not_finished_in_time_is_left_for_the_next_worker(db: Database) -> None:
    async def handle(update: dict[str, Any]) -> None:
        if update["update_id"] == 2:
            begun.set()
            await asyncio.sleep(3600)

    async def scenario() -> None:
        store(db, [message(1, person=1), message(2, person=2), message(3, person=2)])
        async with consuming(db, handle, finish=0.1):
            await begun.wait()

    begun = asyncio.Event()
    asyncio.run(scenario())
    assert states(db) == [(1, "done"), (2, "new"), (3, "new")]


def test_an_answered_update_stays_in_hand_until_the_database_knows(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    calls = Counter[int]()

    async def scenario() -> None:
        closing = asyncio.Event()

        async def handle(update: dict[str, Any]) -> None:
            calls[update["update_id"]] += 1
            rename("telegram_updates", "away")  # now it cannot be closed, nor others taken
            closing.set()

        store(db, [message(1)])
        async with consuming(db, handle) as consumer:
            await closing.wait()
            for _ in range(20):
                consumer.wake()
                await asyncio.sleep(0.005)
            rename("away", "telegram_updates")

    def rename(old: str, new: str) -> None:
        with db.begin() as tx:
            tx.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    asyncio.run(scenario())
    assert calls == {1: 1}
    assert states(db) == [(1, "done")]


def at_the_till(update_id: int, person: int = 7) -> dict[str, Any]:
    return {"update_id": update_id, "pre_checkout_query": {"id": str(update_id), "from": {"id": person}}}


@pytest.mark.parametrize("past_the_inbox", [True, False], ids=["polling", "webhook"])
def test_who_stands_at_the_till_waits_for_nobody(
    db: Database, monkeypatch: pytest.MonkeyPatch, past_the_inbox: bool
) -> None:
    """Not for the same person's slow update, not for a free slot, not for the database."""
    monkeypatch.setattr(module, "MOST_HANDLERS", 1)
    answered: list[int] = []

    async def scenario() -> None:
        slow, begun, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def handle(update: dict[str, Any]) -> None:
            if "message" in update:
                begun.set()
                await slow.wait()
            answered.append(update["update_id"])
            if update["update_id"] == 2:
                done.set()

        store(db, [message(1, person=7)])
        async with consuming(db, handle) as consumer:
            await begun.wait()
            if past_the_inbox:
                consumer.hurry(at_the_till(2))
                consumer.hurry(at_the_till(2))  # Telegram repeats what nobody has confirmed
            else:
                monkeypatch.setattr(Consumer, "_begin", None)  # nobody may ask the database first
                store(db, [at_the_till(2)])
                consumer.wake()
            await done.wait()
            assert answered == [2]
            slow.set()

    asyncio.run(scenario())
    assert answered == [2, 1]
    assert states(db) == ([(1, "done")] if past_the_inbox else [(1, "done"), (2, "done")])


def test_an_answer_at_the_till_is_finished_before_the_worker_leaves(db: Database) -> None:
    answered: list[int] = []

    async def handle(update: dict[str, Any]) -> None:
        await asyncio.sleep(0.05)
        answered.append(update["update_id"])

    async def scenario() -> None:
        async with consuming(db, handle) as consumer:
            consumer.hurry(at_the_till(2))

    asyncio.run(scenario())
    assert answered == [2]


def test_whose_update_it_is() -> None:
    chat = {"id": -100, "type": "channel"}
    assert person_of(message(1, person=7)) == 7
    assert person_of({"update_id": 1, "callback_query": {"from": {"id": 8}, "message": {"chat": chat}}}) == 8
    assert person_of({"update_id": 1, "poll_answer": {"user": {"id": 9}}}) == 9
    assert person_of({"update_id": 1, "channel_post": {"chat": chat}}) == -100
    by, whom = {"id": 42}, {"user": {"id": 7}}
    assert person_of({"update_id": 1, "chat_member": {"chat": chat, "from": by, "new_chat_member": whom}}) == 7
    assert (
        person_of({"update_id": 1, "my_chat_member": {"chat": chat, "from": {"id": 7}, "new_chat_member": whom}}) == 7
    )
    assert person_of({"update_id": 1, "chat_member": {"from": by, "new_chat_member": "x"}}) == 42
    assert person_of({"update_id": 11, "something_new": "of another shape"}) == 11
    assert chat_of({"update_id": 1, "callback_query": {"from": {"id": 8}, "message": {"chat": chat}}}) == -100
    assert chat_of({"update_id": 1, "something_new": 3}) is None
