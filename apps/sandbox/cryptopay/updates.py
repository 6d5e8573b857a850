"""Crypto Pay's updates: a signed POST to the app's one address, repeated until it is answered 200."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from apps.sandbox.cryptopay.settings import PLANS, Settings
from apps.sandbox.shelf import Shelf
from services.platform.tls import trusted

# Seconds between attempts; the last one repeats. Crypto Pay publishes no plan; people have counted 17 attempts.
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
ATTEMPTS = 17
SIGNATURE = "crypto-pay-api-signature"


class Courier:
    """Delivers updates in the background and remembers every attempt. What waits goes on after a restart."""

    def __init__(
        self,
        directory: Path,
        now: Callable[[], datetime],
        token: str,
        settings: Settings,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._shelf, self._now, self._settings, self._pauses = Shelf(directory / "deliveries"), now, settings, pauses
        self._key = hashlib.sha256(token.encode()).digest()
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
        """Every update with its attempts, the newest first."""
        return sorted(self._shelf.documents(), key=lambda delivery: int(delivery["id"]), reverse=True)

    def announce(self, invoice: dict[str, Any], notify: str | None) -> None:
        """Tell that an invoice was paid, by a plan of PLANS (None: the plan in the settings)."""
        times, parallel, delay = PLANS[notify or self._settings.notify]
        self.tell(invoice, times=times, parallel=parallel, delay=delay)

    def tell(self, invoice: dict[str, Any], *, times: int = 1, parallel: bool = False, delay: float = 0) -> list[str]:
        """As `announce`, `times` times. Copies get other `update_id`s, and other invoices get the same ones: the
        number is documented as not unique, and nobody may count on it. Returns the ids of the deliveries."""
        bodies = [self._update(invoice, 1 + copy % 7) for copy in range(times)]
        return self.send([(body, self.signature(body)) for body in bodies], "invoice_paid", parallel, delay)

    def signature(self, body: str) -> str:
        return hmac.digest(self._key, body.encode(), "sha256").hex()

    def send(
        self, signed: Sequence[tuple[str, str | None]], event: str, parallel: bool = False, delay: float = 0
    ) -> list[str]:
        """Post each body with its signature as they are, after `delay` seconds. Returns the ids of the deliveries."""
        if self._settings.notification_url is None:
            return []
        deliveries = [self._new(body, signature, event) for body, signature in signed]
        for together in [[one] for one in deliveries] if parallel else [deliveries]:
            self._start(together, delay)
        return [delivery["id"] for delivery in deliveries]

    def _update(self, invoice: dict[str, Any], update_id: int) -> str:
        at = f"{self._now().astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        update = {"update_id": update_id, "update_type": "invoice_paid", "request_date": at, "payload": invoice}
        return json.dumps(update, ensure_ascii=False, separators=(",", ":"))

    def _new(self, body: str, signature: str | None, event: str) -> dict[str, Any]:
        number = len(self._shelf.documents()) + 1
        delivery: dict[str, Any] = {
            "id": str(number),
            "event": event,
            "url": self._settings.notification_url,
            "body": body,
            "signature": signature,
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
        pauses, pause = iter(self._pauses), 0.0
        while len(delivery["attempts"]) < ATTEMPTS:
            if delivery["attempts"]:
                pause = next(pauses, pause)
                await asyncio.sleep(pause)
            attempt = await self._attempt(delivery)
            delivery["attempts"].append(attempt)
            delivery["state"] = "delivered" if attempt["status"] == 200 else "waiting"
            self._shelf.put(delivery["id"], delivery)
            if delivery["state"] == "delivered":
                return
        delivery["state"] = "given up"
        self._shelf.put(delivery["id"], delivery)

    async def _attempt(self, delivery: dict[str, Any]) -> dict[str, Any]:
        at, headers = self._now().isoformat(), {"Content-Type": "application/json"}
        if delivery["signature"] is not None:
            headers[SIGNATURE] = delivery["signature"]
        try:
            response = await self._client.post(delivery["url"], content=delivery["body"].encode(), headers=headers)
        except httpx.HTTPError as error:
            return {"at": at, "status": None, "error": type(error).__name__}
        return {"at": at, "status": response.status_code, "error": None}
