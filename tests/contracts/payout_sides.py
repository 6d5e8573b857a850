"""Those who pay for receipts, each with what stands behind it: the sandbox's Portmone over HTTP; nothing for the
others."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from apps.sandbox.clock import Offset
from apps.sandbox.portmone import create_app
from apps.sandbox.portmone.bills import LOGIN, PASSWORD
from services.platform.tls import trusted
from services.receipts.payouts.providers.balance import BalancePayouts
from services.receipts.payouts.providers.base import PayoutProvider
from services.receipts.payouts.providers.manual import ManualPayouts
from services.receipts.payouts.providers.portmone import PortmonePayouts
from tests.apps.sandbox.running_world import running

NOBODY = "http://127.0.0.1:9/"  # nothing listens there
QUICK = httpx.Timeout(0.25, connect=5.0)  # seconds; a patient client would only make the tests slower
SLOW = 0.5  # seconds: later than QUICK
IDS = {"67": "101", "50": "102", "63": "999"}  # 999: Portmone knows no such operator


@dataclass
class Side:
    """`provider` by a wire that works, `unreached` by one that leads nowhere, where it has a wire."""

    provider: PayoutProvider
    unreached: PayoutProvider | None = None
    http: httpx.Client | None = None
    stack: ExitStack = field(default_factory=ExitStack)

    def fault(self, mode: str) -> None:
        assert self.http
        assert self.http.post("/faults", json={"mode": mode, "times": 1, "delay": SLOW}).status_code == 200

    def bills(self) -> list[dict[str, Any]]:
        assert self.http
        bills: list[dict[str, Any]] = self.http.get("/bills").json()["bills"]
        return bills


class Portmone(Side):
    def __init__(self, directory: Path) -> None:
        stack = ExitStack()
        app = create_app(directory / "portmone", Offset(directory / "clock").now)
        world = Starlette(routes=[Mount("/portmone", app)], lifespan=app.router.lifespan_context)
        self.url = f"{stack.enter_context(running(world))}/portmone"
        http = stack.enter_context(httpx.Client(base_url=self.url, verify=trusted(), trust_env=False, timeout=10))
        super().__init__(self.twin(), self.twin(url=NOBODY), http, stack)

    def twin(self, **changes: Any) -> PortmonePayouts:
        given = {"url": f"{self.url}/api/directcash/", "login": LOGIN, "password": PASSWORD, "payee_ids": IDS}
        return PortmonePayouts(**(given | {"timeouts": QUICK} | changes))


def answering(answer: httpx.Response) -> PortmonePayouts:
    """Of a Portmone that gives this answer to everything."""
    made = PortmonePayouts(url=NOBODY, login=LOGIN, password=PASSWORD, payee_ids=IDS)
    made._http = httpx.Client(transport=httpx.MockTransport(lambda _request: answer))
    return made


def balance(_directory: Path) -> Side:
    return Side(BalancePayouts())


def manual(_directory: Path) -> Side:
    return Side(ManualPayouts())


SIDES = {"balance": balance, "portmone": Portmone, "manual": manual}
