from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.provisioning.remnawave.panels import Clock, Stage, TestPanel, running_panel, stage_on


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["2", "3"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def panel(tmp_path: Path, clock: Clock, dialect: str) -> Iterator[TestPanel]:
    """Of both versions, one after the other."""
    with running_panel(tmp_path, clock, dialect) as panel:
        yield panel


@pytest.fixture
def stage(panel: TestPanel, clock: Clock) -> Iterator[Stage]:
    with stage_on(panel, clock=clock) as stage:
        yield stage
