"""One worker at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from apps.bot import lease as module
from apps.bot.lease import LOCK_CLASS, Lease
from services.platform.db import Database
from tests.apps.bot.engine_inbox import store
from tests.apps.bot.engine_telegram import BOT_ID, message


@pytest.fixture(autouse=True)
def _short_period(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD", 0.1)


@asynccontextmanager
async def kept(db: Database, bot_id: int = BOT_ID, on_news: Callable[[], None] = lambda: None) -> AsyncIterator[Lease]:
    lease = Lease(db, bot_id, on_news)
    keeping = asyncio.create_task(lease.keep())
    async with asyncio.timeout(20):
        yield lease
        lease.release()
        await keeping


def end_the_holders_connection(db: Database) -> None:
    with db.begin() as tx:
        ours = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"  # pg_locks shows all
        holders = f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE classid = :lock AND granted AND {ours}"
        assert tx.execute(text(holders), {"lock": LOCK_CLASS}).all() == [(True,)]


def test_the_second_worker_waits_says_so_once_and_takes_over(db: Database) -> None:
    async def scenario() -> None:
        async with kept(db) as first:
            await first.held.wait()
            async with kept(db) as second:
                await asyncio.sleep(0.5)
                assert not second.held.is_set()
                first.release()
                await second.held.wait()
                assert first.lost.is_set()

    with capture_logs() as logged:
        asyncio.run(scenario())
    assert [entry["event"] for entry in logged] == ["standby"]


def test_two_bots_do_not_wait_for_each_other(db: Database) -> None:
    async def scenario() -> None:
        async with kept(db, bot_id=1) as one, kept(db, bot_id=2) as other:
            await one.held.wait()
            await other.held.wait()

    asyncio.run(scenario())


def test_the_lease_is_lost_with_its_connection_and_held_by_one_again(db: Database) -> None:
    async def scenario() -> None:
        async with kept(db) as first:
            await first.held.wait()
            async with kept(db) as second:
                end_the_holders_connection(db)
                await first.lost.wait()
                waiting = [asyncio.create_task(lease.held.wait()) for lease in (first, second)]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(0.3)
                assert first.held.is_set() != second.held.is_set()
                for task in waiting:
                    task.cancel()

    asyncio.run(scenario())


def test_it_tells_of_stored_updates(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD", 10)  # a notification does not wait for it

    async def scenario() -> None:
        news = asyncio.Event()
        async with kept(db, on_news=news.set) as lease:
            await lease.held.wait()
            store(db, [message(1)])
            async with asyncio.timeout(5):
                await news.wait()
            monkeypatch.setattr(module, "PERIOD", 0.1)
            store(db, [message(2)])  # the last wait of 10 s ends

    asyncio.run(scenario())
