"""The Procfile's processes, really started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis as redis_client

from apps.sandbox.stack import Stack
from services.platform.db import Database
from tests.factories import database_url, environment

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.process


def free_port() -> str:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@contextmanager
def process(module: str, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    environ = {"PATH": os.environ["PATH"], **variables}  # noqa: TID251  # for the interpreter, not for us
    started = subprocess.Popen(
        [sys.executable, "-m", module], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.mark.parametrize("signals", [1, 2])
@pytest.mark.parametrize("module", ["apps.jobs", "apps.clock"])
def test_a_process_stops_cleanly_however_often_it_is_told(
    module: str, signals: int, db: Database, stack: Stack, redis: redis_client.Redis
) -> None:
    with process(module, environment(database_url(db), stack.redis_url, PORT=free_port())) as running:
        assert running.stdout
        assert '"event": "ready"' in running.stdout.readline()
        begun = time.monotonic()
        running.send_signal(signal.SIGTERM)
        if signals == 2:
            time.sleep(0.05)  # the second comes while the first is being obeyed
            running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=20)
        assert time.monotonic() - begun < 20
    assert running.returncode == 0, err
    assert '"event": "stopped"' in out.splitlines()[-1]
    assert err == ""


@pytest.mark.parametrize("module", ["apps.jobs", "apps.clock"])
def test_a_bad_configuration_is_told_by_name(module: str) -> None:
    variables = environment("mysql://u:hunter2@h/d", "", TELEGRAM_BOT_TOKEN="hunter2", PORT="hunter2")
    with process(module, variables) as running:
        out, err = running.communicate(timeout=20)
    assert running.returncode == 2
    assert out == ""
    assert [line.split(":")[0].strip() for line in err.splitlines()] == [
        *("configuration", "DATABASE_URL", "PORT", "REDIS_URL", "TELEGRAM_BOT_TOKEN")
    ]
    assert "hunter2" not in err


def test_an_unknown_queue_is_refused() -> None:
    from apps.jobs.main import main

    assert main(["default", "nowhere"]) == 2
