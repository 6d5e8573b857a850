"""The panel's webhooks: a signed POST to each address, three more attempts, and then the event is lost for good."""

import asyncio
import hmac
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx

from apps.sandbox.remnawave.dates import stamp
from apps.sandbox.remnawave.settings import Settings
from services.platform.tls import trusted

SIGNATURE, TIMESTAMP = "X-Remnawave-Signature", "X-Remnawave-Timestamp"
PAUSE = 5.0  # seconds between attempts
ATTEMPTS = 4
AT_ONCE = 20  # deliveries under way; they may overtake each other


class Courier:
    """Delivers in the background and remembers the last thousand deliveries. What waits is lost in a restart, as
    nothing here is promised to arrive."""

    def __init__(self, now: Callable[[], datetime], settings: Settings, pause: float = PAUSE) -> None:
        self._now, self._settings, self._pause = now, settings, pause
        self.deliveries: deque[dict[str, Any]] = deque(maxlen=1000)
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None
        self._gate = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=30, verify=trusted(), trust_env=False) as self._client:
            yield
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._client = None

    def announce(self, scope: str, event: str, data: Any, meta: Any = None) -> None:
        """Tell it to every address, as the settings say: now, later, when it is released, or never."""
        if self._settings.webhooks == "drop" or not self._settings.webhook_urls:
            return
        body = self.body(scope, event, data, meta)
        self.send(body, self.signature(body), event, delay=self._settings.webhook_delay)

    def body(self, scope: str, event: str, data: Any, meta: Any = None, timestamp: str | None = None) -> str:
        told = {"scope": scope, "event": event, "timestamp": timestamp or stamp(self._now()), "data": data}
        return json.dumps(told | ({"meta": meta} if meta is not None else {}), ensure_ascii=False)

    def signature(self, body: str) -> str:
        return hmac.digest(self._settings.webhook_secret.encode(), body.encode(), "sha256").hex()

    def send(
        self, body: str, signature: str | None, event: str, *, times: int = 1, parallel: bool = False, delay: float = 0
    ) -> list[str]:
        """Posts `body` as it is to every address, `times` times, after `delay` seconds. Returns the deliveries' ids."""
        ids = []
        for url in self._settings.webhook_urls:
            some = [self._new(url, body, signature, event) for _ in range(times)]
            ids += [one["id"] for one in some]
            if self._settings.webhooks == "hold":
                for one in some:
                    one["state"] = "held"
            else:
                for together in [[one] for one in some] if parallel else [some]:
                    self._start(together, delay)
        return ids

    def release(self, *, backwards: bool = False) -> list[str]:
        """Sends what was held, the oldest or the newest first. Returns the ids."""
        held = [one for one in self.deliveries if one["state"] == "held"]
        if backwards:
            held.reverse()
        for one in held:
            one["state"] = "waiting"
        self._start(held, 0)
        return [one["id"] for one in held]

    def again(self, number: str, times: int = 1, parallel: bool = False) -> list[str]:
        """The same bytes once more. Raises KeyError when there was no such delivery."""
        told = next((one for one in self.deliveries if one["id"] == number), None)
        if told is None:
            raise KeyError(number)
        some = [self._new(told["url"], told["body"], told["signature"], told["event"]) for _ in range(times)]
        for together in [[one] for one in some] if parallel else [some]:
            self._start(together, 0)
        return [one["id"] for one in some]

    def _new(self, url: str, body: str, signature: str | None, event: str) -> dict[str, Any]:
        delivery: dict[str, Any] = {
            "id": str(next(self._numbers)),
            "event": event,
            "url": url,
            "body": body,
            "signature": signature,
            "created_at": stamp(self._now()),
            "state": "waiting",
            "attempts": [],
        }
        self.deliveries.append(delivery)
        return delivery

    def _start(self, deliveries: Sequence[dict[str, Any]], delay: float) -> None:
        if self._client is None or not deliveries:
            return
        task = asyncio.create_task(self._deliver_all(deliveries, delay, self._client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_all(self, deliveries: Sequence[dict[str, Any]], delay: float, client: httpx.AsyncClient) -> None:
        await asyncio.sleep(delay)
        for delivery in deliveries:
            await self._deliver(delivery, client)

    async def _deliver(self, delivery: dict[str, Any], client: httpx.AsyncClient) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._pause)
            async with self._gate:
                status, error = await self._attempt(delivery, client)
            delivery["attempts"].append({"at": stamp(self._now()), "status": status, "error": error})
            if status is not None and 200 <= status < 300:
                delivery["state"] = "delivered"
                return
        delivery["state"] = "lost"

    async def _attempt(self, delivery: dict[str, Any], client: httpx.AsyncClient) -> tuple[int | None, str | None]:
        headers = {"Content-Type": "application/json", "User-Agent": "Remnawave"}
        if delivery["signature"] is not None:
            headers[SIGNATURE] = delivery["signature"]
        try:
            headers[TIMESTAMP] = str(json.loads(delivery["body"])["timestamp"])
        except (ValueError, KeyError, TypeError):
            pass  # a forged body has none
        try:
            response = await client.post(delivery["url"], content=delivery["body"].encode(), headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return None, type(error).__name__
        return response.status_code, None
