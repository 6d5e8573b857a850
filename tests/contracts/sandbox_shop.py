"""What the shops of the contract share: orders, receipts, and a provider of the sandbox under its own server."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from apps.sandbox.clock import Offset
from services.billing.providers.base import FiscalLine, FiscalReceipt, Order, RawNotice, RefundOutcome
from services.platform.money import Money
from services.platform.tls import trusted
from tests.apps.sandbox.running_world import running

NOBODY = "http://127.0.0.1:9"  # nothing listens there
NUMBERS = itertools.count(1)


def order(currency: str = "RUB", **changes: Any) -> Order:
    made = Order(
        key=uuid.uuid4(),
        number=next(NUMBERS),
        amount=Money(29900, currency),
        description="VPN на месяц",
        return_url="https://t.me/kiosk_bot",
        party="user:42",
        telegram_id=42,
    )
    return replace(made, **changes)


def receipt(*totals: str, email: str = "anna@example.com") -> FiscalReceipt:
    """In roubles, one line for each total."""
    lines = (FiscalLine("VPN", Money.parse(total, "RUB"), 1, "service", "full_payment") for total in totals)
    return FiscalReceipt(email, 1, tuple(lines))


class SandboxShop:
    """A provider's sandbox that takes the usual switches. `url` is its root, `control` a client there. Notifications go
    to an address that takes them all; what was sent is in /deliveries."""

    def __init__(
        self, directory: Path, make: Callable[[Path, Callable[[], datetime]], Starlette], notification_setting: str
    ) -> None:
        self._offset = Offset(directory / "clock")
        self.authorizations: list[str | None] = []  # of all requests under /v3, as they arrived
        app = make(directory / "provider", self._offset.now)
        outside = Starlette(
            routes=[Route("/kiosk", _accept, methods=["POST"]), Mount("/provider", app)],
            lifespan=app.router.lifespan_context,
        )
        with ExitStack() as stack:
            root = stack.enter_context(running(self._overhearing(outside)))
            self.url = f"{root}/provider"
            self.control = stack.enter_context(
                httpx.Client(base_url=self.url, verify=trusted(), trust_env=False, timeout=20)
            )
            self.switch("/settings", **{notification_setting: f"{root}/kiosk"})
            self.stack = stack.pop_all()

    def settled(self, refund: RefundOutcome) -> RefundOutcome:
        return refund

    def forged(self) -> Sequence[RawNotice]:
        return ()

    def fault(self, mode: str, times: int = 1) -> None:
        self.switch("/faults", mode=mode, times=times, delay=0.02)

    def now(self) -> datetime:
        return self._offset.now()

    def later(self, seconds: int) -> None:
        self._offset.move(seconds)

    def close(self) -> None:
        self.stack.close()

    def switch(self, path: str, /, **order: Any) -> Any:
        answer = self.control.post(path, json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def deliveries(self) -> list[dict[str, Any]]:
        """Everything it has sent to us, the newest first."""
        sent: list[dict[str, Any]] = self.control.get("/deliveries").json()["deliveries"]
        return sent

    def log(self) -> list[dict[str, Any]]:
        """Requests at its API, the oldest first."""
        requests: list[dict[str, Any]] = self.control.get("/log").json()["requests"]
        return requests

    def _overhearing(self, app: Starlette) -> Any:
        async def overheard(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and "/v3/" in scope["path"]:
                given = dict(scope["headers"]).get(b"authorization")
                self.authorizations.append(given.decode() if given else None)
            await app(scope, receive, send)

        return overheard


async def _accept(request: Request) -> Response:
    return Response()
