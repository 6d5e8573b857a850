"""The clock's loops survive what happens to PostgreSQL and Redis."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import redis as redis_client
import structlog
from sqlalchemy import text

from apps.clock.relay import relay
from apps.clock.ticks import tick
from apps.sandbox.stack import Stack
from apps.transport import make_broker
from services import identity
from services.kit import Kit
from services.platform import outbox
from services.platform.db import Database
from services.schedule import SCHEDULE
from tests.factories import database_url, kit


@pytest.fixture
def clock(db: Database, stack: Stack, redis: redis_client.Redis) -> Iterator[Kit]:
    with kit(database_url(db), stack.redis_url, "clock") as made:
        yield made


@pytest.fixture
def running() -> Iterator[Callable[..., None]]:
    stop, threads = threading.Event(), []

    def run(loop: Callable[..., None], *arguments: object) -> None:
        threads.append(threading.Thread(target=loop, args=(*arguments, stop)))
        threads[-1].start()

    yield run
    stop.set()
    begun = time.monotonic()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert time.monotonic() - begun < 5, "stopping is quick"


def unplanned(db: Database) -> int:
    with db.begin() as tx:
        return int(tx.scalar(text("SELECT count(*) FROM outbox_events WHERE NOT planned")) or 0)


def emit(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        outbox.emit(tx, identity.UserJoined(user_id=1, start_parameter=None), now)


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_the_relay_outlives_cut_connections(
    clock: Kit, db: Database, now: datetime, running: Callable[..., None]
) -> None:
    broker = make_broker(clock.settings)
    running(relay, clock, broker)
    emit(db, now)
    wait_until(lambda: unplanned(db) == 0)
    with db.begin() as tx:
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        cut = tx.scalar(text(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}"))
    assert cut
    emit(db, now)
    wait_until(lambda: unplanned(db) == 0)
    broker.close()


@pytest.fixture
def said() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


def test_the_schedule_ticks_and_a_failing_item_stops_nobody(
    clock: Kit, db: Database, said: list[Any], running: Callable[..., None]
) -> None:
    with db.begin() as tx:
        tx.execute(text("ALTER TABLE payments RENAME TO payments_gone"))  # billing's items fail now
    running(tick, clock)

    def slots() -> set[str]:
        with db.begin() as tx:
            return {row.name for row in tx.execute(text("SELECT name FROM schedule_slots"))}

    healthy = {scheduled.name for scheduled in SCHEDULE if not scheduled.name.startswith("billing.")}
    wait_until(lambda: slots() >= healthy)
    assert "billing.schedule_checks" not in slots(), "a failing item does not use up its slot"
    failed = {entry["name"] for entry in said if entry["event"] == "schedule_fault"}
    assert {"billing.schedule_checks", "billing.expire_invoices"} <= failed
    assert all(name.startswith("billing.") for name in failed)
    with db.begin() as tx:
        tx.execute(text("ALTER TABLE payments_gone RENAME TO payments"))
    wait_until(lambda: "billing.schedule_checks" in slots())
