from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.payment_shops import CLAIMS, Shop


@pytest.fixture
def shop(name: str, tmp_path: Path) -> Iterator[Shop]:
    opened = CLAIMS[name].open(tmp_path)
    yield opened
    opened.close()
