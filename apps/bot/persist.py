"""Trying again for as long as it takes: Telegram and the database have bad days, and the worker outlives them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.platform.errors import Conflict, KioskError, Misconfigured, TryLater

T = TypeVar("T")

# Seconds until the next try.
SHORTEST, LONGEST = 1.0, 15.0
AFTER_CONFLICT = 10.0
AFTER_MISCONFIGURED = 30.0

log = structlog.get_logger(__name__)


async def persist(action: Callable[[], Awaitable[T]]) -> T:
    """Calls `action` until it does not raise a KioskError or SQLAlchemyError, and returns what it returned."""
    failures = 0
    while True:
        try:
            result = await action()
        except (KioskError, SQLAlchemyError) as error:
            failures += 1
            pause = _pause(error, failures)
            # SQLAlchemy's texts quote parameters, and those are people's messages.
            reason = str(error) if isinstance(error, KioskError) else f"database: {type(error).__name__}"
            log.warning("trying_again", reason=reason, failures=failures, seconds=round(pause, 1))
            await asyncio.sleep(pause)
            continue
        if failures:
            log.info("works_again", failures=failures)
        return result


def _pause(error: KioskError | SQLAlchemyError, failures: int) -> float:
    match error:
        case TryLater(after=after) if after is not None:
            return max(after, SHORTEST)
        case Conflict():
            return AFTER_CONFLICT
        case Misconfigured():
            return AFTER_MISCONFIGURED
        case _:
            return random.uniform(SHORTEST, min(LONGEST, SHORTEST * 2**failures))
