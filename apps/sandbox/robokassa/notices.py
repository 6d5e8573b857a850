"""Robokassa's notices: a signed form to the shop's ResultURL, repeated until the shop answers OK and the number."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from apps.sandbox.robokassa.settings import PLANS, Settings
from apps.sandbox.shelf import Shelf
from services.platform.tls import trusted

# Seconds between attempts; the last one repeats. Robokassa does not publish its own.
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

    def announce(self, fields: dict[str, str], notify: str | None) -> None:
        """Tell of a payment by a plan of PLANS (None: the plan in the settings)."""
        times, parallel, delay = PLANS[notify or self._settings.notify]
        self.send(urlencode(fields), fields["InvId"], times=times, parallel=parallel, delay=delay)

    def send(self, form: str, number: str, *, times: int = 1, parallel: bool = False, delay: float = 0) -> list[str]:
        """Send `form` as it is, `times` times, after `delay` seconds. Returns the ids of the deliveries."""
        if self._settings.result_url is None:
            return []
        deliveries = [self._new(form, number) for _ in range(times)]
        for together in [[one] for one in deliveries] if parallel else [deliveries]:
            self._start(together, delay)
        return [delivery["id"] for delivery in deliveries]

    def _new(self, form: str, number: str) -> dict[str, Any]:
        delivery: dict[str, Any] = {
            "id": str(len(self._shelf.documents()) + 1),
            "number": number,
            "url": self._settings.result_url,
            "method": self._settings.method,
            "form": form,
            "created_at": self._now().isoformat(),
            "state": "waiting",
            "attempts": [],
        }
        self._shelf.put(delivery["id"], delivery)
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
            heard = attempt["status"] == 200 and attempt["answer"] == f"OK{delivery['number']}"
            delivery["state"] = "delivered" if heard else "waiting"
            self._shelf.put(delivery["id"], delivery)
            if heard:
                return
            pause = next(pauses, pause)
            await asyncio.sleep(pause)
            waited += pause
        delivery["state"] = "given up"
        self._shelf.put(delivery["id"], delivery)

    async def _attempt(self, delivery: dict[str, Any]) -> dict[str, Any]:
        at, url, form = self._now().isoformat(), delivery["url"], delivery["form"]
        try:
            if delivery["method"] == "GET":
                response = await self._client.get(f"{url}?{form}")
            else:
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                response = await self._client.post(url, content=form.encode(), headers=headers)
        except httpx.HTTPError as error:
            return {"at": at, "status": None, "answer": None, "error": type(error).__name__}
        return {"at": at, "status": response.status_code, "answer": response.text[:100].strip(), "error": None}
