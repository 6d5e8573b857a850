from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.sandbox.stack import Stack
from services.platform.db import Database
from tests.processes.crashes import Doomed, doomed_program
from tests.processes.town import Town, open_town


@pytest.fixture(scope="session")
def _town(stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One for all tests: a worker takes 5 CPU seconds to start."""
    stack.create_database("town", template)
    database = Database(stack.database_url("town"))
    with open_town(tmp_path_factory.mktemp("town"), stack, database) as town:
        yield town
    database.close()
    stack.drop_database("town")


@pytest.fixture
def town(_town: Town) -> Iterator[Town]:
    """A town with a past: other tests' people live in it. Each test says which processes it keeps."""
    yield _town
    _town.http.delete("/telegram/faults")


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doomed]:
    with doomed_program(tmp_path_factory.mktemp("doomed") / "log") as doomed:
        yield doomed
