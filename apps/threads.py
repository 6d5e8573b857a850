"""The doors from the asynchronous rim to the synchronous core."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, fail_after, to_thread

from services.platform.errors import TryLater

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 16  # more would only queue for the database pool
PATIENCE = 3.0  # seconds; with the longest call it stays below the 30 of Heroku's router

_doors: dict[str, CapacityLimiter] = {}


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs a use case in a worker thread and awaits it. A cancelled caller does not abandon it: the use case ends."""
    return await to_thread.run_sync(lambda: function(*args, **kwargs), limiter=_door("core"))


async def in_outside_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for a use case that waits for a server of somebody else's. It has threads of its own: when a provider
    hangs, they hang, and whatever needs only our own tables goes on. Raises TryLater when none of them is free for
    PATIENCE seconds."""
    door, place = _door("outside"), object()
    try:
        with fail_after(PATIENCE):
            await door.acquire_on_behalf_of(place)
    except TimeoutError:
        raise TryLater("all threads wait for providers", after=PATIENCE) from None
    try:
        return await to_thread.run_sync(lambda: function(*args, **kwargs), limiter=_door("behind outside"))
    finally:
        door.release_on_behalf_of(place)


def _door(name: str) -> CapacityLimiter:
    """Made inside the loop that uses it."""
    return _doors.setdefault(name, CapacityLimiter(AT_ONCE))
