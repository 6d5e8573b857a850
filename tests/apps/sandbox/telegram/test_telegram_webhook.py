import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import pytest

from apps.sandbox.telegram import webhook
from tests.apps.sandbox.telegram.running_telegram import Telegram


class Bot:
    """A bot behind a webhook: it answers the planned statuses, then 200, and keeps what it was sent."""

    def __init__(self) -> None:
        self.received: Queue[tuple[str | None, Any]] = Queue()
        self.plan: list[int] = []
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = bot.plan.pop(0) if bot.plan else 200
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                bot.received.put((self.headers["X-Telegram-Bot-Api-Secret-Token"], body))

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def texts(self, count: int) -> list[str]:
        return [self.received.get(timeout=10)[1]["message"]["text"] for _ in range(count)]


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    monkeypatch.setattr(webhook, "FIRST_PAUSE", 0.05)
    bot = Bot()
    thread = threading.Thread(target=bot.server.serve_forever)
    thread.start()
    yield bot
    bot.server.shutdown()
    thread.join()
    bot.server.server_close()


def test_updates_are_posted_with_the_secret(telegram: Telegram, anna: int, bot: Bot) -> None:
    telegram.act(anna, "text", text="waiting already")
    telegram.call("setWebhook", url=bot.url, secret_token="s3cret-Token_1")
    secret, update = bot.received.get(timeout=10)
    assert secret == "s3cret-Token_1"
    assert update["message"]["text"] == "waiting already"
    telegram.act(anna, "text", text="new")
    assert bot.texts(1) == ["new"]


def test_a_refused_update_comes_again_before_the_next_of_its_chat(telegram: Telegram, anna: int, bot: Bot) -> None:
    bot.plan = [500, 401]
    telegram.call("setWebhook", url=bot.url)
    telegram.act(anna, "text", text="a")
    telegram.act(anna, "text", text="b")
    assert bot.texts(4) == ["a", "a", "a", "b"]
    info = telegram.call("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 401 Unauthorized"
    assert info["url"] == bot.url


def test_one_stuck_chat_does_not_hold_up_another(
    telegram: Telegram, anna: int, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "FIRST_PAUSE", 60)
    bot.plan = [503]
    other = telegram.person(first_name="Ivan")
    telegram.call("setWebhook", url=bot.url)
    telegram.act(anna, "text", text="stuck")
    assert bot.texts(1) == ["stuck"]
    telegram.act(other, "text", text="passes")
    assert bot.texts(1) == ["passes"]
    pending = telegram.call("deleteWebhook") and telegram.call("getUpdates")
    assert "stuck" in [update["message"]["text"] for update in pending]


def test_an_unreachable_webhook_is_reported_and_loses_nothing(telegram: Telegram, anna: int, bot: Bot) -> None:
    bot.plan = [500] * 3
    telegram.call("setWebhook", url=bot.url, max_connections=1, allowed_updates=["message"])
    telegram.act(anna, "text", text="a")
    bot.texts(1)
    info = telegram.call("getWebhookInfo")
    assert info["pending_update_count"] == 1
    assert info["max_connections"] == 1
    assert info["allowed_updates"] == ["message"]
    assert info["has_custom_certificate"] is False
    assert bot.texts(3) == ["a", "a", "a"]


def test_drop_pending_updates(telegram: Telegram, anna: int, bot: Bot) -> None:
    telegram.act(anna, "text", text="old")
    telegram.call("setWebhook", url=bot.url, drop_pending_updates=True)
    telegram.act(anna, "text", text="new")
    assert bot.texts(1) == ["new"]
    telegram.call("deleteWebhook")
    telegram.act(anna, "text", text="old again")
    telegram.call("deleteWebhook", drop_pending_updates=True)
    assert telegram.call("getUpdates") == []
    assert telegram.call("getWebhookInfo")["url"] == ""
