from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis as redis_client
from starlette.testclient import TestClient

from apps.sandbox.stack import Stack
from apps.web.main import create
from services.platform import migrate
from services.platform.db import Database
from tests.factories import database_url, kit

NO_REDIS = "unix:///nowhere/redis.sock?db=0"
NO_DATABASE = "postgresql://postgres@/kiosk?host=/nowhere"


@contextmanager
def web(db: str, redis: str) -> Iterator[TestClient]:
    with kit(db, redis, "web") as made, TestClient(create(made)) as client:
        yield client


def ask(db: str, redis: str) -> tuple[int, Any]:
    with web(db, redis) as client:
        assert client.get("/healthz").status_code == client.get("/health").status_code == 200, "alive all the same"
        one, other = client.get("/ready"), client.get("/readyz")
        assert (one.status_code, one.json()) == (other.status_code, other.json())
        return one.status_code, one.json()


def test_ready_when_all_is_there(db: Database, stack: Stack, redis: redis_client.Redis) -> None:
    assert ask(database_url(db), stack.redis_url) == (200, {"status": "ready"})


def test_not_ready_without_redis(db: Database) -> None:
    assert ask(database_url(db), NO_REDIS) == (503, {"status": "not ready", "redis": "ConnectionError"})


def test_not_ready_without_a_database(stack: Stack) -> None:
    assert ask(NO_DATABASE, stack.redis_url) == (503, {"status": "not ready", "database": "OperationalError"})


def test_not_ready_before_the_migrations(db: Database, stack: Stack) -> None:
    newest = migrate.newest()
    for level in ("0003", "base"):
        migrate.downgrade(database_url(db), level)
        at = None if level == "base" else level
        wanted = f"the database is at {at}, this release needs {newest}"
        assert ask(database_url(db), stack.redis_url) == (503, {"status": "not ready", "migrations": wanted})


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("GET", "/", 404, "not_found"),
    ],
)
def test_problems_have_one_form(db: Database, stack: Stack, method: str, path: str, status: int, code: str) -> None:
    with web(database_url(db), stack.redis_url) as client:
        answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:kiosk:{code}"
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)
