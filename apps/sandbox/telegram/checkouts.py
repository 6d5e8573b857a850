"""Payments on their way: from the tap on Pay until the bot has answered, or has not answered in time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from apps.sandbox.telegram.bell import Bell

CHECKOUTS_KEPT = 1000


@dataclass
class Checkout:
    """`status` is waiting, paid or failed; `error` is what the person is told. `invoice` is the record that is paid,
    `message` where its message is ("chat:message"), if it has one of its own."""

    id: str
    user_id: int
    invoice: dict[str, Any]
    message: str | None
    status: str = "waiting"
    error: str = ""
    charge_id: str | None = None
    timer: asyncio.TimerHandle | None = None
    bell: Bell = field(default_factory=Bell)

    def shown(self) -> dict[str, Any]:
        """The JSON that pages and tests get."""
        return {name: getattr(self, name) for name in ("id", "status", "error", "charge_id")}

    def end(self, status: str, *, error: str = "", charge_id: str | None = None) -> None:
        """Tells everybody who waits how it has ended."""
        if self.timer is not None:
            self.timer.cancel()
        self.status, self.error, self.charge_id = status, error, charge_id
        self.bell.ring()

    async def wait(self, seconds: float) -> None:
        """Returns when it has ended, or after `seconds`."""
        if self.status == "waiting" and seconds > 0:
            await self.bell.wait(seconds)


class Checkouts:
    """Those of this process: a restart forgets them, as a telephone does. `patience` is in seconds of real time."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._all: dict[str, Checkout] = {}

    def begin(self, checkout: Checkout, late: Callable[[], None]) -> None:
        """`late` is called unless it ends in time."""
        self._all[checkout.id] = checkout
        checkout.timer = asyncio.get_running_loop().call_later(self.patience, late)
        while len(self._all) > CHECKOUTS_KEPT:
            del self._all[next(iter(self._all))]

    def get(self, checkout_id: str) -> Checkout | None:
        return self._all.get(checkout_id)
