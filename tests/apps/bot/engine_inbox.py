"""What the tests of the engine put into the inbox and read out of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from services.platform import inbox
from services.platform.db import Database
from services.platform.inbox import TelegramUpdate
from tests.apps.bot.engine_telegram import BOT_ID


def store(db: Database, updates: Iterable[dict[str, Any]]) -> None:
    with db.begin() as tx:
        inbox.store(tx, BOT_ID, list(updates), datetime(2026, 11, 21, tzinfo=UTC))


def rows(db: Database) -> list[TelegramUpdate]:
    with db.begin() as tx:
        return list(tx.scalars(select(TelegramUpdate).order_by(TelegramUpdate.update_id)))


def states(db: Database) -> list[tuple[int, str]]:
    return [(row.update_id, row.state) for row in rows(db)]
