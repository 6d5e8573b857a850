"""The one door from the asynchronous rim to the synchronous core."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

P = ParamSpec("P")
T = TypeVar("T")

_doors: dict[str, CapacityLimiter] = {}


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs a use case in a worker thread and awaits it. A cancelled caller does not abandon it: the use case ends."""
    return await to_thread.run_sync(lambda: function(*args, **kwargs), limiter=_door())


def _door() -> CapacityLimiter:
    """16 at once: more would only queue for the database pool. Made inside the loop that uses it."""
    return _doors.setdefault("core", CapacityLimiter(16))
