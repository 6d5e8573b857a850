"""Telegram delivers to a webhook or to getUpdates, never to both; here it is told which (Telegram Bot API 10.3).

Nothing here drops pending updates: they are people's messages."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import structlog

from services.notifications import TelegramChannel

PATH = "/webhooks/telegram"
MAX_CONNECTIONS = 20  # deliveries at once; whoever receives them only stores them

log = structlog.get_logger(__name__)


def align_webhook(telegram: TelegramChannel, *, public_url: str, secret: str, allowed_updates: Sequence[str]) -> None:
    """Points Telegram at `public_url` + PATH. Raises TryLater or Misconfigured.

    It is set even where it seems to be set already: Telegram does not show the secret, which may be a new one."""
    info = telegram.call("getWebhookInfo")
    if trouble := info.get("last_error_message"):
        log.warning("webhook_trouble", telegram=trouble, at=info.get("last_error_date"))
    telegram.call(
        "setWebhook",
        url=public_url + PATH,
        secret_token=secret,
        allowed_updates=list(allowed_updates),
        max_connections=MAX_CONNECTIONS,
        drop_pending_updates=False,
    )
    log.info("webhook_set", host=urlsplit(public_url).hostname, pending=info.get("pending_update_count"))


def remove_webhook(telegram: TelegramChannel) -> None:
    """Makes way for getUpdates. Raises TryLater or Misconfigured."""
    url = telegram.call("getWebhookInfo").get("url")
    if url:
        log.warning("webhook_removed", host=urlsplit(url).hostname, reason="TELEGRAM_MODE is polling")
        telegram.call("deleteWebhook", drop_pending_updates=False)
