"""The sandbox's Crypto Pay under the sandbox's own server, and a shop which takes its updates."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from apps.sandbox.clock import Offset
from apps.sandbox.cryptopay import create_app
from services.platform.tls import trusted
from tests.apps.sandbox.running_world import running

TOKEN = "42:SANDBOXCRYPTOPAY"


class Updates:
    """What arrived at the shop: (body, signature). `answers` are the statuses for the next ones, after them 200."""

    def __init__(self) -> None:
        self.answers: Queue[int] = Queue()
        self._arrived: Queue[tuple[bytes, str | None]] = Queue()

    async def take(self, request: Request) -> Response:
        self._arrived.put((await request.body(), request.headers.get("crypto-pay-api-signature")))
        return Response(status_code=200 if self.answers.empty() else self.answers.get())

    def next(self) -> tuple[bytes, str | None]:
        return self._arrived.get(timeout=10)

    def nothing_more(self) -> bool:
        return self._arrived.empty()


class CoinTill:
    """A shop's side of the sandbox's Crypto Pay."""

    def __init__(self, url: str, offset: Offset, updates: Updates) -> None:
        self.url, self.offset, self.updates = url, offset, updates
        self.client = httpx.Client(base_url=url, verify=trusted(), trust_env=False, timeout=10)

    def ask(self, method: str, *, token: str = TOKEN, **query: Any) -> httpx.Response:
        return self.client.get(f"/api/{method}", params=query, headers={"Crypto-Pay-API-Token": token})

    def tell(self, method: str, body: Any) -> httpx.Response:
        return self.client.post(f"/api/{method}", json=body, headers={"Crypto-Pay-API-Token": TOKEN})

    def create(self, **fields: Any) -> dict[str, Any]:
        """An invoice of 299.00 RUB; `fields` replace or add."""
        return self.result(self.tell("createInvoice", invoice_body() | fields))

    def invoices(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.result(self.ask("getInvoices", **query))["items"]
        return found

    def pay(self, invoice_id: int | str, **order: Any) -> dict[str, Any]:
        return self.switch(f"/payments/{invoice_id}/pay", **{"outcome": "success", **order})

    def switch(self, switch: str, /, **order: Any) -> dict[str, Any]:
        answer = self.client.post(switch, json=order)
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        return done

    def look(self, path: str) -> list[dict[str, Any]]:
        """/log, /problems, /deliveries or /faults as a list."""
        (rows,) = self.client.get(path).json().values()
        assert isinstance(rows, list)
        return rows

    @staticmethod
    def result(answer: httpx.Response) -> Any:
        assert answer.status_code == 200, answer.text
        assert answer.json()["ok"] is True
        return answer.json()["result"]


def invoice_body() -> dict[str, Any]:
    return {
        "currency_type": "fiat",
        "fiat": "RUB",
        "amount": "299.00",
        "description": "VPN на месяц",
        "payload": "5f0c4f5e-6a43-4c0e-9a55-7d9f0c1f2a3b",
        "expires_in": 3600,
    }


@contextmanager
def running_coin_till(directory: Path) -> Iterator[CoinTill]:
    offset, updates = Offset(directory / "clock"), Updates()
    with running(Starlette(routes=[Route("/shop", updates.take, methods=["POST"])])) as shop:
        app = create_app(directory / "cryptopay", offset.now, notification_url=f"{shop}/shop", pauses=(0.01, 0.02, 60))
        world = Starlette(routes=[Mount("/cryptopay", app)], lifespan=app.router.lifespan_context)
        with running(world) as url:
            till = CoinTill(f"{url}/cryptopay", offset, updates)
            with till.client:
                yield till
