"""Receiving: what is stored once is ours, and no answer of Telegram ends the loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from starlette.responses import JSONResponse, PlainTextResponse
from structlog.testing import capture_logs

from apps.bot import persist
from apps.bot.poller import Poller
from apps.bot.updates import ALLOWED_UPDATES, Update
from services.platform.clock import Clock
from services.platform.db import Database
from tests.apps.bot.engine_inbox import rows, states
from tests.apps.bot.engine_telegram import BOT_ID, TOKEN, Moody, message, page, refusal, sandbox, served


@asynccontextmanager
async def polling(
    db: Database, url: str, token: str = TOKEN, hurry: Callable[[Update], None] = lambda _: None
) -> AsyncIterator[Poller]:
    poller = Poller(db, Clock(), bot_id=BOT_ID, api_url=url, token=token, hurry=hurry)
    yield poller
    await poller.close()


def test_a_poller_that_dies_before_it_confirms_gets_the_update_again_and_it_is_stored_once(
    db: Database, tmp_path: Path
) -> None:
    async def polls(url: str, times: int) -> None:
        async with polling(db, url) as poller:
            for _ in range(times):
                await poller.poll()
                poller._seconds = 0  # nothing more will come: no long poll

    with sandbox(tmp_path) as telegram:
        update_id = telegram.push({"message": message(0)["message"]})
        asyncio.run(polls(telegram.url, 1))
        assert states(db) == [(update_id, "new")]
        assert [u["update_id"] for u in telegram.bot("getUpdates")] == [update_id]  # Telegram still has it

        asyncio.run(polls(telegram.url, 2))
        assert states(db) == [(update_id, "new")]
        assert telegram.bot("getUpdates") == []


def test_what_was_not_stored_is_not_confirmed(db: Database) -> None:
    nowhere = Database("postgresql://kiosk@/kiosk?host=/nonexistent")
    telegram = Moody([message(5)], [message(5), message(6)])

    async def scenario(url: str) -> None:
        async with polling(nowhere, url) as poller:
            with pytest.raises(OperationalError):
                await poller.poll()
            poller._db = db
            await poller.poll()
            await poller.poll()
            await poller.poll()

    with served(telegram.app) as url:
        asyncio.run(scenario(url))
    nowhere.close()
    # An empty answer has confirmed the offset, which is not repeated: later updates may have lower numbers.
    assert [ask.get("offset") for ask in telegram.asked] == [None, None, 7, None]
    assert all(tuple(ask["allowed_updates"]) == ALLOWED_UPDATES for ask in telegram.asked)
    assert [ask["timeout"] for ask in telegram.asked] == [0, 0, 25, 25]
    assert states(db) == [(5, "new"), (6, "new")]


def test_nothing_that_telegram_answers_ends_the_loop(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("SHORTEST", "LONGEST", "AFTER_CONFLICT", "AFTER_MISCONFIGURED"):
        monkeypatch.setattr(persist, pause, 0.001)
    telegram = Moody(
        page(502),
        PlainTextResponse("not JSON"),
        JSONResponse([]),
        JSONResponse({"ok": True, "result": 5}),
        JSONResponse({"ok": True, "result": [{"message": "without a number"}]}),
        refusal(500, "Internal Server Error"),
        refusal(401, "Unauthorized"),
        refusal(409, "Conflict: terminated by other getUpdates request"),
        refusal(429, "Too Many Requests: retry after 1", retry_after=1),
        [message(1)],
    )

    async def scenario(url: str) -> None:
        room = asyncio.Event()
        room.set()
        async with polling(db, url) as poller:
            running = asyncio.create_task(poller.run(room))
            while not any(entry["event"] == "works_again" for entry in logged):
                await asyncio.sleep(0.02)
            running.cancel()

    with served(telegram.app) as url, capture_logs() as logged:
        asyncio.run(scenario(url))
    reasons = [entry["reason"] for entry in logged if entry["event"] == "trying_again"]
    assert reasons[0] == "getUpdates: unreadable answer, status 502"
    assert "TELEGRAM_BOT_TOKEN: it was revoked" in reasons[6]
    assert "another program polls this bot or a webhook is set" in reasons[7]
    assert [entry["seconds"] for entry in logged if entry["event"] == "trying_again"][8] == 1  # as Telegram asked
    assert [entry["failures"] for entry in logged if entry["event"] == "works_again"] == [9]
    assert TOKEN not in str(logged)
    assert states(db) == [(1, "new")]


def test_silence_ends_the_poll(db: Database) -> None:
    with pytest.raises(persist.TryLater, match="ConnectError"):
        asyncio.run(_poll_once(db, "http://127.0.0.1:9"))


async def _poll_once(db: Database, url: str) -> None:
    async with polling(db, url) as poller:
        await poller.poll()


def test_what_postgresql_cannot_hold_keeps_nobody_out(db: Database) -> None:
    telegram = Moody([message(1), message(2**70, text="a number too large"), message(3)])
    with served(telegram.app) as url:
        asyncio.run(_poll_once(db, url))
    assert states(db) == [(1, "new"), (3, "new")]


def test_it_waits_for_room(db: Database) -> None:
    telegram = Moody()

    async def scenario(url: str) -> None:
        room = asyncio.Event()
        async with polling(db, url) as poller:
            running = asyncio.create_task(poller.run(room))
            await asyncio.sleep(0.05)
            assert telegram.asked == []
            room.set()
            while not telegram.asked:
                await asyncio.sleep(0.01)
            running.cancel()

    with served(telegram.app) as url:
        asyncio.run(scenario(url))


def test_who_stands_at_the_till_is_answered_though_the_database_is_away() -> None:
    nowhere = Database("postgresql://kiosk@/kiosk?host=/nonexistent")
    at_the_till = {"update_id": 6, "pre_checkout_query": {"id": "1", "from": {"id": 7}}}
    telegram = Moody([message(5), at_the_till])
    hurried: list[Update] = []

    async def scenario(url: str) -> None:
        async with polling(nowhere, url, hurry=hurried.append) as poller:
            with pytest.raises(OperationalError):
                await poller.poll()

    with served(telegram.app) as url:
        asyncio.run(scenario(url))
    nowhere.close()
    assert hurried == [at_the_till]


def test_what_was_answered_at_the_till_is_confirmed_and_not_stored(db: Database) -> None:
    telegram = Moody([{"update_id": 6, "pre_checkout_query": {"id": "1", "from": {"id": 7}}}])

    async def scenario(url: str) -> None:
        async with polling(db, url) as poller:
            await poller.poll()
            await poller.poll()

    with served(telegram.app) as url:
        asyncio.run(scenario(url))
    assert telegram.asked[1]["offset"] == 7
    assert rows(db) == []
