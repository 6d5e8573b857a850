from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQueued(Event):
    name = "notifications.message_queued"
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRefusalTold(Event):
    """Somebody who asked to join a chat knows, as far as that could be done, why not. Fields as in JoinRequested."""

    name = "notifications.join_refusal_told"
    chat_id: int
    telegram_id: int
    asked_at: datetime
    update_id: int
