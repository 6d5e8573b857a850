from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.agent.running_agent import RunningAgent, Start


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts an agent on the test's one state directory."""
    started: list[RunningAgent] = []

    def start_agent(*options: str, env: dict[str, str] | None = None) -> RunningAgent:
        started.append(RunningAgent(tmp_path / "state", tmp_path / "agent.log", *options, env=env))
        return started[-1]

    yield start_agent
    for agent in started:
        agent.kill()


@pytest.fixture
def agent(start: Start) -> RunningAgent:
    return start("--dry-run")
