"""One worker for each bot: the lease is an advisory lock of PostgreSQL, which ends with its connection."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import structlog

from services.platform import inbox
from services.platform.db import Database

LOCK_CLASS = 7_250_002  # any constant of ours; the second half of the lock's key is the bot
PERIOD = 1.0  # seconds between tries to get the lease, and between checks that it is still there

log = structlog.get_logger(__name__)


class Lease:
    """`held` and `lost` are opposites: one of them is set. `on_news` is called in the loop when updates may have been
    stored: on each notification, and every PERIOD in case one was missed."""

    def __init__(self, db: Database, bot_id: int, on_news: Callable[[], None]) -> None:
        self.held, self.lost = asyncio.Event(), asyncio.Event()
        self.lost.set()
        self._db, self._bot_id, self._on_news = db, bot_id, on_news
        self._released = threading.Event()
        self._standby = False

    async def keep(self) -> None:
        """Gets the lease, holds it, gets it again when it was lost, until `release`."""
        self._loop = asyncio.get_running_loop()
        try:
            await asyncio.to_thread(self._keep)
        finally:
            self.release()

    def release(self) -> None:
        """Gives the lease to whoever waits for it, within PERIOD."""
        self._released.set()

    def _keep(self) -> None:
        while not self._released.is_set():
            try:
                with closing(self._db.listen_connection()) as connection:
                    if self._acquire(connection):
                        self._hold(connection)
            except psycopg.Error as error:
                log.warning("lease_connection_failed", error=type(error).__name__)
            finally:
                self._loop.call_soon_threadsafe(self._set, False)
            self._released.wait(PERIOD)

    def _acquire(self, connection: psycopg.Connection[Any]) -> bool:
        while not self._released.is_set():
            lock = (LOCK_CLASS, str(self._bot_id))
            answer = connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", lock).fetchone()
            if answer == (True,):
                self._standby = False
                return True
            if not self._standby:
                log.info("standby", reason="another worker serves this bot")
                self._standby = True
            self._released.wait(PERIOD)
        return False

    def _hold(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(f"LISTEN {inbox.CHANNEL}")
        self._loop.call_soon_threadsafe(self._set, True)
        while not self._released.is_set():
            for _ in connection.notifies(timeout=PERIOD, stop_after=1):
                pass
            self._loop.call_soon_threadsafe(self._on_news)
            connection.execute("SELECT 1")  # raises where the connection, and the lock with it, is gone

    def _set(self, held: bool) -> None:
        gained, ended = (self.held, self.lost) if held else (self.lost, self.held)
        gained.set()
        ended.clear()
