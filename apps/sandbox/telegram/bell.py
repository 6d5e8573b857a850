"""Waking those who wait for a change."""

import asyncio


class Bell:
    """Everybody who waits when it rings wakes up; it does not remember past rings.

    Check the condition, then wait, with no other await between the two: nothing is missed on one event loop.
    """

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wakes all who wait now."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Returns at the next ring, or after `seconds` at the latest."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait([future], timeout=seconds)
        finally:
            self._waiting.discard(future)
