from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from apps.sandbox.telegram import create_app
from tests.apps.sandbox.telegram.running_telegram import Clock, Telegram, served


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def telegram(tmp_path: Path, clock: Clock) -> Iterator[Telegram]:
    with TestClient(create_app(tmp_path, clock)) as client:
        yield Telegram(client)


@pytest.fixture
def anna(telegram: Telegram) -> int:
    """Somebody who has pressed Start."""
    return telegram.person()


@pytest.fixture
def url(tmp_path: Path, clock: Clock) -> Iterator[str]:
    with served(create_app(tmp_path, clock)) as address:
        yield address
