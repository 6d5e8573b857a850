from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.sandbox.running_world import Till, running_till


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    with running_till(tmp_path) as till:
        yield till
