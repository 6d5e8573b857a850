"""Telegram is told how to deliver, and nobody's message is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from apps.bot.updates import ALLOWED_UPDATES
from apps.bot.webhook import align_webhook, remove_webhook
from services.notifications import TelegramChannel
from tests.apps.bot.engine_telegram import TOKEN, Sandbox, message, sandbox


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Sandbox]:
    with sandbox(tmp_path) as running:
        yield running


@pytest.fixture
def channel(telegram: Sandbox) -> Iterator[TelegramChannel]:
    made = TelegramChannel(api_url=telegram.url, token=TOKEN)
    yield made
    made.close()


def test_the_webhook_is_set_with_all_that_belongs_to_it(telegram: Sandbox, channel: TelegramChannel) -> None:
    for secret in ("first-secret-of-ours", "second-secret-of-ours"):
        align_webhook(channel, public_url="https://kiosk.example", secret=secret, allowed_updates=ALLOWED_UPDATES)
    calls = telegram.calls("setWebhook")
    assert calls[0] == {
        "url": "https://kiosk.example/webhooks/telegram",
        "secret_token": "first-secret-of-ours",
        "allowed_updates": list(ALLOWED_UPDATES),
        "max_connections": 20,
        "drop_pending_updates": False,
    }
    assert calls[1]["secret_token"] == "second-secret-of-ours"  # a new secret shows nowhere in getWebhookInfo
    assert telegram.http.get("/problems").json() == []


def test_polling_removes_a_webhook_says_whose_and_keeps_what_waits(telegram: Sandbox, channel: TelegramChannel) -> None:
    align_webhook(channel, public_url="http://127.0.0.1:9", secret="a-secret-of-ours", allowed_updates=ALLOWED_UPDATES)
    update_id = telegram.push({"message": message(0)["message"]})
    with capture_logs() as logged:
        remove_webhook(channel)
        remove_webhook(channel)
    assert [(entry["event"], entry["host"]) for entry in logged] == [("webhook_removed", "127.0.0.1")]
    assert telegram.calls("deleteWebhook") == [{"drop_pending_updates": False}]
    assert [u["update_id"] for u in telegram.bot("getUpdates")] == [update_id]
