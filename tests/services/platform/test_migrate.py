from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import create_engine, text

from apps.sandbox.stack import Stack
from services.platform import migrate
from services.platform.db import Database
from tests.factories import at_once, database_url

_names = count(1)


@pytest.fixture
def empty(stack: Stack) -> Iterator[str]:
    """The address of an empty database."""
    name = f"empty_{next(_names)}"
    stack.create_database(name)
    yield stack.database_url(name)
    stack.drop_database(name)


def levels(url: str) -> tuple[str | None, str | None]:
    database = Database(url)
    with database.begin() as tx:
        found = migrate.levels(tx.connection())
    database.close()
    return found


def test_two_releases_at_once_apply_each_migration_once(empty: str) -> None:
    at_once(2, lambda _number: migrate.upgrade(empty))
    assert levels(empty) == (migrate.newest(), migrate.newest())


def test_a_second_release_waits_for_the_first_and_leaves_no_lock(empty: str) -> None:
    first = Database(empty)
    with first.engine.connect() as holder:
        holder.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": migrate.LOCK})
        second = threading.Thread(target=migrate.upgrade, args=(empty,))
        second.start()
        while not holder.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")):
            time.sleep(0.01)
        assert levels(empty)[0] is None
    first.close()
    second.join(30)
    assert levels(empty)[0] == migrate.newest()


def test_a_failed_release_changes_nothing_and_leaves_no_lock(empty: str) -> None:
    engine = create_engine(empty.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE schedule_slots (in_the_way int)"))
    with pytest.raises(Exception, match="schedule_slots"):
        migrate.upgrade(empty)
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT to_regclass('outbox_events')")) is None
        connection.execute(text("DROP TABLE schedule_slots"))
    engine.dispose()
    migrate.upgrade(empty)
    assert levels(empty)[0] == migrate.newest()


def test_the_level_of_a_migrated_database(db: Database) -> None:
    assert levels(database_url(db)) == (migrate.newest(), migrate.newest())
