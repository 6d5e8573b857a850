"""YooKassa's notifications: an unsigned POST to the shop's one address, repeated until the shop answers 200."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from apps.sandbox.shelf import Shelf
from apps.sandbox.yookassa.settings import PLANS, Settings
from services.platform.tls import trusted

# Seconds between attempts; the last one repeats. YooKassa does not publish its own, only that it gives up in a day.
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
GIVE_UP_AFTER = 24 * 3600.0  # of real time: the time machine must not eat the attempts


class Courier:
    """Delivers notices in the background and remembers every attempt. What waits goes on after a restart."""

    def __init__(
        self, directory: Path, now: Callable[[], datetime], settings: Settings, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._shelf, self._now, self._settings, self._pauses = Shelf(directory / "deliveries"), now, settings, pauses
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=30, verify=trusted(), trust_env=False) as self._client:
            for delivery in self.deliveries():
                if delivery["state"] == "waiting":
                    self._start([delivery], 0)
            yield
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def deliveries(self) -> list[dict[str, Any]]:
        """Every notice with its attempts, the newest first."""
        return sorted(self._shelf.documents(), key=lambda delivery: int(delivery["id"]), reverse=True)

    def announce(self, event: str, about: dict[str, Any], notify: str | None) -> None:
        """Send the event by a plan of PLANS (None: the plan in the settings)."""
        times, parallel, delay = PLANS[notify or self._settings.notify]
        notice = {"type": "notification", "event": event, "object": about}
        self.send(json.dumps(notice, ensure_ascii=False), event, times=times, parallel=parallel, delay=delay)

    def send(self, body: str, event: str, *, times: int = 1, parallel: bool = False, delay: float = 0) -> list[str]:
        """Post `body` as it is, `times` times, after `delay` seconds. Returns the ids of the deliveries."""
        if self._settings.notification_url is None:
            return []
        deliveries = [self._new(body, event) for _ in range(times)]
        for together in [[one] for one in deliveries] if parallel else [deliveries]:
            self._start(together, delay)
        return [delivery["id"] for delivery in deliveries]

    def _new(self, body: str, event: str) -> dict[str, Any]:
        number = len(self._shelf.documents()) + 1
        delivery: dict[str, Any] = {
            "id": str(number),
            "event": event,
            "url": self._settings.notification_url,
            "body": body,
            "created_at": self._now().isoformat(),
            "state": "waiting",
            "attempts": [],
        }
        self._shelf.put(str(number), delivery)
        return delivery

    def _start(self, deliveries: list[dict[str, Any]], delay: float) -> None:
        task = asyncio.create_task(self._deliver_all(deliveries, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_all(self, deliveries: list[dict[str, Any]], delay: float) -> None:
        await asyncio.sleep(delay)
        for delivery in deliveries:
            await self._deliver(delivery)

    async def _deliver(self, delivery: dict[str, Any]) -> None:
        waited, pauses = 0.0, iter(self._pauses)
        pause = 0.0
        while waited < GIVE_UP_AFTER:
            attempt = await self._attempt(delivery)
            delivery["attempts"].append(attempt)
            delivery["state"] = "delivered" if attempt["status"] == 200 else "waiting"
            self._shelf.put(delivery["id"], delivery)
            if delivery["state"] == "delivered":
                return
            pause = next(pauses, pause)
            await asyncio.sleep(pause)
            waited += pause
        delivery["state"] = "given up"
        self._shelf.put(delivery["id"], delivery)

    async def _attempt(self, delivery: dict[str, Any]) -> dict[str, Any]:
        at = self._now().isoformat()
        headers = {"Content-Type": "application/json", "User-Agent": "AHC/2.1"}
        try:
            response = await self._client.post(delivery["url"], content=delivery["body"].encode(), headers=headers)
        except httpx.HTTPError as error:
            return {"at": at, "status": None, "error": type(error).__name__}
        return {"at": at, "status": response.status_code, "error": None}
