"""Sandbox applications under the sandbox's own server, in a thread of the test process."""

import json
import socket
import threading
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
from apps.sandbox.server import server
from apps.sandbox.yookassa import create_app
from services.platform.tls import trusted

CREDENTIALS = ("100500", "test_SANDBOX")


@contextmanager
def running(app: Starlette) -> Iterator[str]:
    """The URL of `app`, without a slash at the end. The application has ended when the context ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    uvicorn = server(app, port=0)
    thread = threading.Thread(target=uvicorn.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        uvicorn.should_exit = True
        thread.join()
        listening.close()


class Till:
    """A shop's side of the sandbox's YooKassa: asks its API, and takes notices at an address of its own."""

    def __init__(self, url: str, offset: Offset, notices: "Notices") -> None:
        self.url, self.offset, self.notices = url, offset, notices
        self.client = httpx.Client(base_url=url, verify=trusted(), trust_env=False, timeout=10)

    def ask(self, method: str, path: str, key: str | None = None, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"Idempotence-Key": key} if key else {}
        return self.client.request(method, f"/v3{path}", json=body, headers=headers, auth=CREDENTIALS, **more)

    def create(self, key: str, **fields: Any) -> dict[str, Any]:
        """A payment of 299.00 by redirect, captured at once; `fields` replace or add (None removes)."""
        body = {**payment_body(), **fields}
        answer = self.ask("POST", "/payments", key, {name: value for name, value in body.items() if value is not None})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def payment(self, payment_id: str) -> dict[str, Any]:
        return self.ask("GET", f"/payments/{payment_id}").json()

    def pay(self, payment_id: str, **order: Any) -> dict[str, Any]:
        answer = self.client.post(f"/payments/{payment_id}/pay", json={"outcome": "success", **order})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def switch(self, switch: str, /, **order: Any) -> dict[str, Any]:
        answer = self.client.post(switch, json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()


class Notices:
    """What arrived at the shop. `answers` are the statuses for the next ones, after them 200."""

    def __init__(self) -> None:
        self.answers: Queue[int] = Queue()
        self._arrived: Queue[Any] = Queue()

    async def take(self, request: Request) -> Response:
        self._arrived.put(json.loads(await request.body()))
        return Response(status_code=200 if self.answers.empty() else self.answers.get())

    def next(self) -> Any:
        return self._arrived.get(timeout=10)

    def nothing_more(self) -> bool:
        return self._arrived.empty()


def payment_body() -> dict[str, Any]:
    return {
        "amount": {"value": "299.00", "currency": "RUB"},
        "capture": True,
        "confirmation": {"type": "redirect", "return_url": "https://t.me/kiosk_bot"},
        "description": "VPN на месяц",
        "metadata": {"attempt_id": "7"},
    }


@contextmanager
def running_till(directory: Path) -> Iterator[Till]:
    offset, notices = Offset(directory / "clock"), Notices()
    with running(Starlette(routes=[Route("/shop", notices.take, methods=["POST"])])) as shop:
        app = create_app(directory / "yookassa", offset.now, notification_url=f"{shop}/shop", pauses=(0.01, 0.02, 60))
        world = Starlette(routes=[Mount("/yookassa", app)], lifespan=app.router.lifespan_context)
        with running(world) as url:
            till = Till(f"{url}/yookassa", offset, notices)
            with till.client:
                yield till
