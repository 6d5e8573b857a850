"""The sandbox's Remnawave under its own server, and an address that takes its webhooks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from apps.sandbox.clock import Offset
from apps.sandbox.remnawave import TOKEN, create_app
from apps.sandbox.remnawave.dates import stamp
from services.platform.tls import trusted
from tests.apps.sandbox.running_world import running

PROXIED = {"x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1"}
GIB = 1024**3


class Hooks:
    """What arrived at the shop: (headers, raw body). `answers` are the statuses for the next ones, after them 200."""

    def __init__(self) -> None:
        self.answers: Queue[int] = Queue()
        self._arrived: Queue[tuple[dict[str, str], bytes]] = Queue()

    async def take(self, request: Request) -> Response:
        self._arrived.put((dict(request.headers), await request.body()))
        return Response(status_code=200 if self.answers.empty() else self.answers.get())

    def next(self, timeout: float = 10) -> tuple[dict[str, str], bytes]:
        return self._arrived.get(timeout=timeout)

    def nothing_more(self, seconds: float = 0.15) -> bool:
        try:
            self._arrived.get(timeout=seconds)
        except Empty:
            return True
        return False


class Stand:
    """A shop's side of the panel, and a player's. `key` is how this dialect names a user."""

    def __init__(self, url: str, offset: Offset, hooks: Hooks, dialect: str) -> None:
        self.url, self.offset, self.hooks, self.dialect = url, offset, hooks, dialect
        self.key = "id" if dialect == "3" else "uuid"
        self.client = httpx.Client(base_url=url, verify=trusted(), trust_env=False, timeout=20)

    @property
    def now(self) -> datetime:
        return self.offset.now()

    def later(self, **span: float) -> str:
        """That much from now, as the panel writes it."""
        return stamp(self.now + timedelta(**span))

    def pass_time(self, **span: float) -> None:
        self.offset.move(int(timedelta(**span).total_seconds()))

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """A request to the API with everything it takes; `headers` replace or add (an empty one removes)."""
        given = {"Authorization": f"Bearer {TOKEN}", **PROXIED, **(headers or {})}
        given = {name: value for name, value in given.items() if value}
        return self.client.request(method, f"/api{path}", json=body, headers=given, **more)

    def done(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """What the envelope holds."""
        answer = self.ask(method, path, body, **more)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["response"]

    def create(self, username: str = "ada", **fields: Any) -> dict[str, Any]:
        body = {"username": username, "expireAt": self.later(days=30), **fields}
        return self.done("POST", "/users", body)

    def update(self, username: str = "ada", **fields: Any) -> dict[str, Any]:
        return self.done("PATCH", "/users", {"username": username, **fields})

    def get(self, username: str = "ada") -> dict[str, Any]:
        return self.done("GET", f"/users/by-username/{username}")

    def status(self, username: str = "ada") -> str:
        return str(self.get(username)["status"])

    def act(self, user: dict[str, Any], action: str, body: Any = None) -> dict[str, Any]:
        return self.done("POST", f"/users/{user[self.key]}/actions/{action}", body or {})

    def refusal(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str | None]:
        """Status and code of an error."""
        answer = self.ask(method, path, body, **more)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json().get("errorCode")

    def issues(self, method: str, path: str, body: Any) -> list[str]:
        """The fields which validation did not take."""
        answer = self.ask(method, path, body)
        assert answer.status_code == 400, answer.text
        told = answer.json()
        assert (told["statusCode"], told["message"]) == (400, "Validation failed")
        return sorted(".".join(map(str, issue["path"])) for issue in told["errors"])

    def switch(self, switch: str, method: str = "POST", /, **order: Any) -> Any:
        answer = self.client.request(method, switch, json=order or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def use(self, amount: int, username: str = "ada") -> dict[str, Any]:
        return self.switch(f"/users/{username}/traffic", bytes=amount)

    def state(self) -> dict[str, Any]:
        return self.client.get("/state").json()


@contextmanager
def running_remnawave(directory: Path, dialect: str, **options: Any) -> Iterator[Stand]:
    """Run it twice in one directory and it is the same panel again."""
    offset, hooks = Offset(directory / "clock"), Hooks()
    app = create_app(directory / "panel", offset.now, dialect=dialect, **{"pause": 0.02, **options})
    routes = [Route("/shop", hooks.take, methods=["POST"]), Mount("/panel", app)]
    with running(Starlette(routes=routes, lifespan=app.router.lifespan_context)) as url:
        stand = Stand(f"{url}/panel", offset, hooks, dialect)
        with stand.client:
            yield stand
