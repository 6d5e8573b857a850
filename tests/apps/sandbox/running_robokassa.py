"""The sandbox's Robokassa under its own server, and a shop's address that takes its notices."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from apps.sandbox.clock import Offset
from apps.sandbox.robokassa import create_app
from services.platform.tls import trusted
from tests.apps.sandbox.running_world import running

PASSWORDS = ("sandbox-password-1", "sandbox-password-2", "sandbox-password-3")


class Notices:
    """What arrived at ResultURL, as (body, query). `answers` are the texts for the next ones, after them OK and the
    number."""

    def __init__(self) -> None:
        self.answers: Queue[str] = Queue()
        self._arrived: Queue[tuple[bytes, dict[str, str]]] = Queue()

    async def take(self, request: Request) -> Response:
        body, query = await request.body(), dict(request.query_params)
        self._arrived.put((body, query))
        number = dict(parse_qsl(body.decode())).get("InvId") or query.get("InvId", "")
        return PlainTextResponse(f"OK{number}" if self.answers.empty() else self.answers.get())

    def next(self) -> tuple[bytes, dict[str, str]]:
        return self._arrived.get(timeout=10)

    def form(self) -> dict[str, str]:
        """The next one that was posted."""
        return dict(parse_qsl(self.next()[0].decode(), keep_blank_values=True))

    def nothing_more(self) -> bool:
        return self._arrived.empty()


class Stand:
    """`url` is the address of both of Robokassa's hosts."""

    def __init__(self, url: str, offset: Offset, notices: Notices) -> None:
        self.url, self.offset, self.notices = url, offset, notices
        self.client = httpx.Client(base_url=url, verify=trusted(), trust_env=False, timeout=10)

    def switch(self, switch: str, /, **order: Any) -> Any:
        answer = self.client.post(switch, json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def open(self, url: str) -> httpx.Response:
        """As a buyer's browser does."""
        return self.client.get(url, follow_redirects=True)

    def pay(self, number: str, outcome: str = "success", **order: Any) -> Any:
        return self.switch(f"/payments/{number}/pay", outcome=outcome, **order)

    def state(self, number: str) -> int:
        return int(self.client.get(f"/payments/{number}").json()["state"])

    def problems(self) -> list[str]:
        return [f"{one['field']}: {one['description']}" for one in self.client.get("/problems").json()["problems"]]

    def log(self) -> list[tuple[str, str]]:
        return [(one["method"], one["path"]) for one in self.client.get("/log").json()["requests"]]

    def link(self, **fields: str) -> str:
        """A link that is signed rightly by hand; `fields` replace or add (an empty one removes)."""
        given = {"MerchantLogin": "kiosk", "OutSum": "299.00", "InvId": "7", "Description": "VPN", **fields}
        given = {name: value for name, value in given.items() if value}
        receipt = f":{given['Receipt']}" if "Receipt" in given else ""
        own = "".join(f":{name}={value}" for name, value in sorted(given.items()) if name.lower().startswith("shp_"))
        base = f"{given['MerchantLogin']}:{given['OutSum']}:{given['InvId']}{receipt}:{PASSWORDS[0]}{own}"
        signature = hashlib.sha256(base.encode()).hexdigest()
        return f"{self.url}/Merchant/Index.aspx?{urlencode({'SignatureValue': signature} | given)}"


@contextmanager
def running_robokassa(directory: Path, *, notify: bool = True, **options: Any) -> Iterator[Stand]:
    """A live shop, unless `is_test`; pauses between notices are short."""
    offset, notices = Offset(directory / "clock"), Notices()
    app = create_app(directory / "robokassa", offset.now, **{"is_test": False, "pauses": (0.01, 0.02, 60), **options})
    routes = [Route("/result", notices.take, methods=["GET", "POST"]), Mount("/robokassa", app)]
    with running(Starlette(routes=routes, lifespan=app.router.lifespan_context)) as url:
        stand = Stand(f"{url}/robokassa", offset, notices)
        with stand.client:
            stand.switch("/settings", result_url=f"{url}/result" if notify else None)
            yield stand
