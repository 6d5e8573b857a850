from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform import inbox
from services.platform.db import Database
from services.platform.inbox import TelegramUpdate
from tests.factories import at_once

BOT = 42


def updates(*ids: int) -> list[dict[str, object]]:
    return [{"update_id": update_id, "message": {"text": "привет"}} for update_id in ids]


def taken(tx: Session, *in_hand: int, limit: int = 100) -> list[int]:
    return [update["update_id"] for update in inbox.take(tx, BOT, in_hand, limit)]


def states(tx: Session) -> dict[int, str]:
    tx.expire_all()
    return {row.update_id: row.state for row in tx.scalars(select(TelegramUpdate))}


def test_an_update_is_stored_once(tx: Session, now: datetime) -> None:
    assert inbox.store(tx, BOT, updates(1, 2, 2), now) == 2
    assert inbox.store(tx, BOT, updates(2, 3), now) == 1
    assert inbox.store(tx, BOT, [], now) == 0
    assert inbox.store(tx, BOT + 1, updates(1), now) == 1, "ids are each bot's own"
    assert taken(tx) == [1, 2, 3]


def test_parallel_deliveries_of_one_update_store_it_once(db: Database, now: datetime) -> None:
    def deliver(_number: int) -> int:
        with db.begin() as tx:
            return inbox.store(tx, BOT, updates(7), now)

    assert sum(at_once(10, deliver)) == 1


def test_updates_come_in_the_order_of_their_arrival(tx: Session, now: datetime) -> None:
    inbox.store(tx, BOT, updates(900, 901), now)
    inbox.store(tx, BOT, updates(5), now + timedelta(seconds=1))  # after a quiet week Telegram numbers anew
    inbox.store(tx, BOT, updates(1), now - timedelta(seconds=1))
    assert taken(tx, limit=2) == [1, 900]
    assert taken(tx, 1, 900) == [901, 5]


def test_what_is_closed_is_not_taken_again(tx: Session, now: datetime) -> None:
    inbox.store(tx, BOT, updates(1, 2, 3), now)
    inbox.close(tx, BOT, 1)
    inbox.close(tx, BOT, 2, "failed", "x" * 1000)
    assert taken(tx) == [3]
    row = tx.get_one(TelegramUpdate, (BOT, 2), populate_existing=True)
    assert (row.state, row.error) == ("failed", "x" * 500)
    assert inbox.store(tx, BOT, updates(1), now) == 0, "closed, not forgotten"


def test_an_update_that_kills_workers_is_put_aside(tx: Session, now: datetime) -> None:
    inbox.store(tx, BOT, updates(1, 2), now)
    for _ in range(inbox.MOST_ATTEMPTS):
        assert taken(tx) == [1, 2], "to be taken is not to be begun"
        assert inbox.begin(tx, BOT, 1)
    assert not inbox.begin(tx, BOT, 1)
    tx.flush()
    assert states(tx) == {1: "poison", 2: "new"}
    assert taken(tx) == [2]


def test_what_is_closed_does_not_begin(tx: Session, now: datetime) -> None:
    inbox.store(tx, BOT, updates(1), now)
    inbox.close(tx, BOT, 1)
    assert not inbox.begin(tx, BOT, 1)


def test_old_updates_are_purged(tx: Session, now: datetime) -> None:
    inbox.store(tx, BOT, updates(1, 2), now - timedelta(days=4))
    inbox.store(tx, BOT + 1, updates(2), now)
    inbox.store(tx, BOT, updates(3), now)
    assert inbox.purge(tx, now - timedelta(days=3)) == 2
    left = tx.execute(select(TelegramUpdate.bot_id, TelegramUpdate.update_id))
    assert {(row.bot_id, row.update_id) for row in left} == {(BOT, 3), (BOT + 1, 2)}


def test_the_worker_is_woken_by_the_commit(db: Database, now: datetime) -> None:
    with db.listen_connection() as ears:
        ears.execute(f"LISTEN {inbox.CHANNEL}")
        with pytest.raises(RuntimeError), db.begin() as tx:  # noqa: PT012  # the block is a transaction
            inbox.store(tx, BOT, updates(1), now)
            raise RuntimeError
        assert not list(ears.notifies(timeout=0.1, stop_after=1))
        with db.begin() as tx:
            inbox.store(tx, BOT, updates(1), now)
        assert len(list(ears.notifies(timeout=5, stop_after=1))) == 1
