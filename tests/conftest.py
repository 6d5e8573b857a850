"""What tests stand on: a real PostgreSQL with our migrations, a real Redis, and a fixed moment."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import hypothesis
import psutil
import pytest
import redis as redis_client
from sqlalchemy.orm import Session

import services.platform.db
from apps.sandbox.stack import Stack
from services.platform import migrate
from services.platform.db import Database
from tests.databases import Emptied, Engines
from tests.groups import Groups, rank
from tests.world import Kiosk, MakeKiosk, World, kiosk_in

# Times vary too much on a busy machine to call an example slow. "ci" tries the same examples each time.
hypothesis.settings.register_profile("default", deadline=None, max_examples=50)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("long", deadline=None, max_examples=500)
hypothesis.settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="longer lives, more examples, every process stopped in turn")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("long"):
        hypothesis.settings.load_profile("long")
    # Garbage is looked for among what tests made, seldom, and never among seven thousand tests and their modules.
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no worker is left alone with it in the end."""
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return Groups(config, log)


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether there is time for the long form of a test."""
    return bool(request.config.getoption("long"))


@pytest.fixture(scope="session")
def in_memory() -> Iterator[Path]:
    """A directory of this worker's own, in memory where it can be."""
    place = _memory() or tempfile.gettempdir()
    for abandoned in Path(place).glob("kiosk-tests-*"):  # by test runs that were killed
        if not psutil.pid_exists(int(abandoned.name.split("-")[2])):
            Stack(abandoned).stop()
            shutil.rmtree(abandoned, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"kiosk-tests-{os.getpid()}-", dir=place) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def stack(in_memory: Path) -> Iterator[Stack]:
    """PostgreSQL and Redis of this test run."""
    stack = Stack(in_memory, durable=False)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def template(stack: Stack) -> str:
    """The name of a database which the migrations made; for copies only, nobody connects to it."""
    stack.create_database("template_kiosk")
    migrate.upgrade(stack.database_url("template_kiosk"))
    return "template_kiosk"


@pytest.fixture(scope="session")
def _engines() -> Iterator[Engines]:
    engines = Engines()
    with patch.object(services.platform.db, "create_engine", engines.lend):
        yield engines


@pytest.fixture(scope="session")
def _emptied(stack: Stack, template: str, _engines: Engines) -> Iterator[Emptied]:
    emptied = Emptied(stack, template, "test")
    _engines.kept.add(emptied.url)
    yield emptied
    _engines.close()
    emptied.drop()


@pytest.fixture
def db(_emptied: Emptied, _engines: Engines) -> Iterator[Database]:
    """A database of this test's own, for code which commits, waits for locks or opens several transactions."""
    _emptied.empty(_engines)
    database = Database(_emptied.url.render_as_string(hide_password=False))
    yield database
    database.close()


@pytest.fixture(scope="session")
def _shared(stack: Stack, template: str) -> Iterator[Database]:
    stack.create_database("shared", template)
    database = Database(stack.database_url("shared"))
    yield database
    database.close()


@pytest.fixture
def tx(_shared: Database) -> Iterator[Session]:
    """A transaction which is rolled back after the test: cheaper than `db`, for code which takes a Session."""
    with _shared.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        transaction.rollback()


@pytest.fixture
def redis(stack: Stack) -> Iterator[redis_client.Redis]:
    """A client of an empty Redis."""
    with redis_client.Redis.from_url(stack.redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def _memory() -> str | None:
    """A file system in memory, where there is a roomy one: copying a database takes 15 ms there, on disk 50 to 500."""
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 1024**3
    return str(memory) if roomy else None


@pytest.fixture(scope="session")
def world(in_memory: Path) -> Iterator[World]:
    """Telegram, YooKassa and VPN servers of this test run."""
    world = World(in_memory / "world")
    yield world
    world.stop()


@pytest.fixture
def make_kiosk(world: World, stack: Stack, db: Database, redis: redis_client.Redis) -> MakeKiosk:
    """Makes a Kiosk in that world, on a database of this test's own, with other settings."""
    redis.flushall()
    return partial(kiosk_in, world, stack, db.url.render_as_string(hide_password=False).replace("+psycopg", ""))


@pytest.fixture
def kiosk(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    with make_kiosk() as kiosk:
        yield kiosk
