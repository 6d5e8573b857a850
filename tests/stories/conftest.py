from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis as redis_client

from apps.sandbox.stack import Stack
from services.platform.db import Database
from tests.world import Kiosk, World, kiosk_in


@pytest.fixture
def far_kiosk(in_memory: Path, stack: Stack, db: Database, redis: redis_client.Redis) -> Iterator[Kiosk]:
    """A Kiosk in a world of its own, whose clock no other test has moved: its stories happen on fixed days."""
    redis.flushall()
    world = World(in_memory / f"far-{uuid4().hex[:8]}")
    url = db.url.render_as_string(hide_password=False).replace("+psycopg", "")
    rewards = {"REFERRAL_INVITER_REWARD": "7d", "REFERRAL_INVITED_REWARD": "50 tokens"}
    given = {"PAYMENT_PROVIDERS": "yookassa,balance", "TELEGRAM_LINK_URL": "https://t.me", **rewards}
    with kiosk_in(world, stack, url, **given) as kiosk:
        yield kiosk
    world.stop()
