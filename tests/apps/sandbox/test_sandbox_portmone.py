"""The sandbox's Portmone: what it refuses, and what it tells later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from apps.sandbox.clock import Offset
from apps.sandbox.portmone import create_app
from apps.sandbox.portmone.bills import LOGIN, PASSWORD
from apps.sandbox.portmone.callbacks import TOKEN
from tests.apps.sandbox.running_world import running

FORM = {"method": "bills.create", "login": LOGIN, "password": PASSWORD, "version": "2", "lang": "uk", "payeeId": "101"}
FORM |= {"contractNumber": "380671234567", "amount": "1.00", "currency": "UAH", "comment": "Kiosk 1.1"}


class Stand:
    def __init__(self, http: httpx.Client, heard: Queue[tuple[str, str]]) -> None:
        self.http, self.heard = http, heard

    def call(self, **changes: Any) -> str:
        return self.http.post("/api/directcash/", data=FORM | changes).text

    def bills(self) -> list[dict[str, Any]]:
        bills: list[dict[str, Any]] = self.http.get("/bills").json()["bills"]
        return bills

    def hear(self) -> tuple[str, str]:
        """(token, body) of the next callback."""
        return self.heard.get(timeout=10)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    place: Path = tmp_path_factory.mktemp("portmone")
    heard: Queue[tuple[str, str]] = Queue()

    async def take(request: Request) -> Response:
        heard.put((request.headers.get("x-portmone-token", ""), (await request.body()).decode()))
        return Response()

    app = create_app(place, Offset(place / "clock").now)
    world = Starlette(
        routes=[Route("/kiosk", take, methods=["POST"]), Mount("/portmone", app)],
        lifespan=app.router.lifespan_context,
    )
    with running(world) as url, httpx.Client(base_url=f"{url}/portmone", trust_env=False, timeout=10) as http:
        http.post("/settings", json={"callback_url": f"{url}/kiosk", "callbacks": "never"})
        yield Stand(http, heard)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "x"}, "1001"),
        ({"login": ["kiosk", "kiosk"]}, "1002"),
        ({"method": "bills.pay"}, "1003"),
        ({"contractNumber": "0671234567"}, "1004"),
        ({"amount": "1"}, "1004"),
        ({"currency": "RUB"}, "1004"),
        ({"more": "x"}, "1004"),
        ({"payeeId": "7"}, "1005"),
    ],
)
def test_a_wrong_call_is_refused(stand: Stand, changes: dict[str, Any], code: str) -> None:
    before = len(stand.bills())
    assert f'<rsp status="fail"><error code="{code}">' in stand.call(**changes)
    assert len(stand.bills()) == before
    assert stand.http.get("/problems").json()["problems"][-1].startswith(code)


def test_a_bill_is_told_by_the_plan(stand: Stand) -> None:
    stand.http.post("/settings", json={"callbacks": "twice"})
    stand.call()
    bill = stand.bills()[0]["id"]
    for _ in range(2):
        token, body = stand.hear()
        assert token == TOKEN
        assert f'<rsp status="ok"><bill><billId>{bill}</billId>' in body
    stand.http.post("/settings", json={"callbacks": "never"})
    stand.http.post("/callback", json={"bill": bill, "status": "fail"})
    assert '<rsp status="fail"><error code="1007">' in stand.hear()[1]
    stand.http.post("/forge", content=b"anything")
    assert stand.hear() == ("", "anything")
    assert stand.heard.empty()


def test_a_wrong_order_is_explained(stand: Stand) -> None:
    for path, order in (("/settings", {"callbacks": "often"}), ("/callback", {"bill": "0", "status": "ok"})):
        assert stand.http.post(path, json=order).status_code == 400
    assert stand.http.post("/faults", json={"mode": "nonsense"}).status_code == 400
