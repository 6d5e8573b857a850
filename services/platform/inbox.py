"""Telegram updates, stored before anything is done about them.

Whoever receives an update (the poller, or the web process in webhook mode) stores it first, once by its id; then it is
Kiosk's and Telegram may forget it. The worker takes stored updates, and a killed worker's are taken again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.platform.db import Base, wake

CHANNEL = "telegram_updates"
MOST_ATTEMPTS = 3  # an update that killed the worker so often is poison


class TelegramUpdate(Base):
    """`state`: new, done, failed (a handler raised), undecodable, poison. `attempts` counts starts, not ends."""

    __tablename__ = "telegram_updates"
    bot_id: Mapped[int] = mapped_column(primary_key=True)
    update_id: Mapped[int] = mapped_column(primary_key=True)
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="new")
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    __table_args__ = (
        Index("telegram_updates_new", "bot_id", "received_at", "update_id", postgresql_where=text("state = 'new'")),
        Index("telegram_updates_age", "received_at"),
    )


def store(tx: Session, bot_id: int, updates: Sequence[dict[str, Any]], now: datetime) -> int:
    """Stores updates (Telegram Bot API, Update objects with an int update_id); repeated ones change nothing.
    Returns how many were new."""
    rows = [
        {"bot_id": bot_id, "update_id": u["update_id"], "payload": u, "received_at": now, "state": "new", "attempts": 0}
        for u in updates
    ]
    if not rows:
        return 0
    stored = insert(TelegramUpdate).values(rows).on_conflict_do_nothing().returning(TelegramUpdate.update_id)
    wake(tx, CHANNEL)
    return len(tx.execute(stored).all())


def take(tx: Session, bot_id: int, in_hand: Collection[int], limit: int) -> list[dict[str, Any]]:
    """New updates but those in hand already, as they came. Only the holder of the worker's lease calls it: one
    person's updates keep their order in that process."""
    chosen = (
        select(TelegramUpdate.payload)
        .where(TelegramUpdate.bot_id == bot_id, TelegramUpdate.state == "new")
        .where(TelegramUpdate.update_id.not_in(in_hand))
        .order_by(TelegramUpdate.received_at, TelegramUpdate.update_id)
        .limit(limit)
    )
    return list(tx.scalars(chosen))


def begin(tx: Session, bot_id: int, update_id: int) -> bool:
    """Counts the start of an update's handling, so that one which kills the worker each time is put aside. False: it
    just was."""
    row = tx.get_one(TelegramUpdate, (bot_id, update_id), with_for_update=True)
    row.attempts += 1
    if row.attempts > MOST_ATTEMPTS:
        row.state, row.error = "poison", f"the worker died with it {MOST_ATTEMPTS} times"
    return row.state == "new"


def close(tx: Session, bot_id: int, update_id: int, state: str = "done", error: str | None = None) -> None:
    key = (TelegramUpdate.bot_id == bot_id) & (TelegramUpdate.update_id == update_id)
    tx.execute(update(TelegramUpdate).where(key).values(state=state, error=error and error[:500]))


def purge(tx: Session, before: datetime, limit: int = 10_000) -> int:
    """Deletes updates older than `before`, in whatever state: Telegram itself keeps them for a day only."""
    old = select(TelegramUpdate.update_id).where(TelegramUpdate.received_at < before).limit(limit)
    gone = delete(TelegramUpdate).where(TelegramUpdate.update_id.in_(old), TelegramUpdate.received_at < before)
    return len(tx.execute(gone.returning(TelegramUpdate.update_id)).all())
