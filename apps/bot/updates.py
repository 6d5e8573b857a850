"""What the bot asks Telegram for, and which of it cannot wait."""

from __future__ import annotations

from typing import Any

Update = dict[str, Any]

# Telegram remembers the list of the last call, so it is sent with every one. chat_member comes only when it is named.
ALLOWED_UPDATES = (
    "message",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "pre_checkout_query",
    "subscription",
)


def is_urgent(update: Update) -> bool:
    """Somebody stands at the till: unless the bot answers within ten seconds, the payment is off (Telegram Bot API
    10.3, PreCheckoutQuery). Later such an update is worth nothing."""
    return "pre_checkout_query" in update
