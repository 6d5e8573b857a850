"""Redis: the transport of jobs, the bot's short memory, rate limits. It may be lost at any time; nothing about money
or access lives here."""

from __future__ import annotations

import redis


def connect(url: str) -> redis.Redis:
    """A client of its own pool with timeouts. Raises nothing: connections are made on use."""
    return redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=10, health_check_interval=30)
