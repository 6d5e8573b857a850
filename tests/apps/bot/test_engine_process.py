"""The worker as the process that Heroku starts and stops."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.sandbox.stack import Stack
from services.platform.config import inherited_environment
from services.platform.db import Database
from tests.apps.bot.engine_inbox import states, store
from tests.apps.bot.engine_telegram import TOKEN, Sandbox, message, sandbox

pytestmark = pytest.mark.process
WORKER = Path(__file__).with_name("engine_worker.py")
ROOT = WORKER.parents[3]

Start = Callable[..., "Worker"]


class Worker:
    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, WORKER], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self._said = deque[str]()

    def wait_for(self, *words: str) -> str:
        """The next line with any of these words; the test's own time limit ends a vain wait."""
        assert self.process.stdout
        for line in self.process.stdout:
            self._said.append(line)
            if any(word in line for word in words):
                return line
        raise AssertionError(f"it ended without {words!r}:\n{''.join(self._said)}")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def exit_code(self) -> int:
        return self.process.wait(20)


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Sandbox]:
    with sandbox(tmp_path) as running:
        yield running


@pytest.fixture
def start(db: Database, stack: Stack, telegram: Sandbox) -> Iterator[Start]:
    environment = inherited_environment() | {
        "APP_ENV": "test",
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": db.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "REDIS_URL": stack.redis_url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "YOOKASSA_SHOP_ID": "1",
        "YOOKASSA_SECRET_KEY": "test_secret",
        "ENCRYPTION_SECRET": "a secret of the tests",
    }
    started: list[Worker] = []

    def start_worker(**more: str) -> Worker:
        started.append(Worker(environment | more))
        return started[-1]

    yield start_worker
    for worker in started:
        worker.process.kill()
        worker.process.communicate()


def test_a_killed_worker_is_replaced_and_a_stopped_one_answers_first(
    start: Start, telegram: Sandbox, db: Database
) -> None:
    telegram.bot("setWebhook", url="http://127.0.0.1:9/webhooks/telegram")
    anna = telegram.person()
    workers = [start(), start()]
    second, first = sorted(workers, key=lambda worker: "bot_ready" in worker.wait_for("bot_ready", "standby"))
    assert telegram.calls("deleteWebhook") == [{"drop_pending_updates": False}]

    telegram.writes(anna, "slow")
    first.wait_for("begun slow")
    first.signal(signal.SIGKILL)
    killed = time.monotonic()
    second.wait_for("bot_ready")
    assert time.monotonic() - killed < 5  # about 1 s on a machine with nothing else to do
    second.wait_for("begun slow")  # again: it was not answered

    boris = telegram.person()
    telegram.writes(boris, "good")
    bad = telegram.push({"message": {"message_id": "none", "chat": "private"}})
    telegram.writes(boris, "slow")
    second.wait_for("begun slow")
    for _ in range(2):
        second.signal(signal.SIGTERM)
    assert second.exit_code() == 0
    assert telegram.answers(anna) == ["answer to slow"]
    assert telegram.answers(boris) == ["answer to good", "answer to slow"]
    assert states(db) == [(bad - 2, "done"), (bad - 1, "done"), (bad, "undecodable"), (bad + 1, "done")]
    assert telegram.http.get("/problems").json() == []


def test_in_webhook_mode_it_answers_what_others_have_stored(start: Start, telegram: Sandbox, db: Database) -> None:
    worker = start(TELEGRAM_MODE="webhook", TELEGRAM_WEBHOOK_SECRET="a-secret-of-ours", PUBLIC_URL="http://127.0.0.1:9")
    assert '"mode": "webhook"' in worker.wait_for("bot_ready")
    assert [call["url"] for call in telegram.calls("setWebhook")] == ["http://127.0.0.1:9/webhooks/telegram"]
    anna = telegram.person()
    telegram.http.post(f"/chat/api/users/{anna}/text", json={"text": "/start"})
    telegram.http.post("/faults", json={"mode": "429", "method": "sendMessage", "retry_after": 1})  # a short wait
    store(db, [message(1, person=anna, text="slow")])
    worker.wait_for("begun slow")
    worker.signal(signal.SIGTERM)
    assert worker.exit_code() == 0
    assert telegram.answers(anna) == ["answer to slow"]
    assert telegram.calls("getUpdates") == []
    assert states(db) == [(1, "done")]


def test_bad_configuration_is_told_as_text() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "apps.bot"], env={"APP_ENV": "test"}, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "TELEGRAM_BOT_TOKEN: missing" in done.stderr
    assert "Traceback" not in done.stderr
