"""The broker between the clock, which sends deliveries, and the jobs, which carry them out. Redis may lose all of it:
what is not done comes again from the outbox."""

from __future__ import annotations

from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import TimeLimit

from services.platform import cache
from services.platform.config import Settings
from services.reactions import QUEUES

ACTOR = "react"
TIME_LIMIT_MS = 120_000


def make_broker(settings: Settings) -> RedisBroker:
    """No retries and no results: the outbox keeps those. A dead worker's messages come back after 15 s."""
    broker = RedisBroker(  # type: ignore[no-untyped-call]  # dramatiq leaves its constructor untyped
        client=cache.connect(settings.redis_connection_url),  # dramatiq's own client would wait for ever
        middleware=[TimeLimit(time_limit=TIME_LIMIT_MS)],
        namespace="kiosk",
        heartbeat_timeout=15_000,
        maintenance_chance=10_000,
        dead_message_ttl=3_600_000,
    )
    for queue in QUEUES:
        broker.declare_queue(queue)
    broker.delay_queues.clear()  # the outbox delays; each of these would be one more thread that asks Redis for nothing
    return broker


def delivery(event_id: int, reaction: str, queue: str) -> Message[None]:
    return Message(queue_name=queue, actor_name=ACTOR, args=(event_id, reaction), kwargs={}, options={})
