from __future__ import annotations

from dataclasses import dataclass

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQueued(Event):
    name = "notifications.message_queued"
    message_id: int
