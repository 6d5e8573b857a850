"""Portmone of the sandbox world as one application.

POST /api/directcash/ is PortmoneDirect, / the phones that were topped up. The switches, in JSON: GET /bills, GET|POST
|DELETE /faults, GET|POST /settings {"callbacks": plan, "callback_url"}, POST /callback {"bill", "status", "delay"?,
"token"?}, POST /forge (any body, sent as it is without a token), GET /callbacks, GET /problems."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.faults import NoAnswer
from apps.sandbox.portmone.bills import Bills, Refused
from apps.sandbox.portmone.callbacks import PLANS, TOKEN, Callbacks, document
from apps.sandbox.portmone.phone_page import phone_page
from apps.sandbox.standing import StandingFault, welcome

MODES = {
    "dropped": "the connection is cut, nothing was paid",
    "dropped_after": "the connection is cut, but it was paid",
    "500": "internal error, nothing was paid",
    "500_after": "internal error, but it was paid",
    "slow": "paid at once, the answer comes late",
    "hang": "no answer, nothing was paid",
    "garbage": "200 with half of an XML document, nothing was paid",
    "garbage_after": "200 with half of an XML document, but it was paid",
    "html": "200 with somebody's welcome page, nothing was paid",
    "bomb": "200 with XML that grows when it is read, nothing was paid",
    "nameless": "paid, and the answer does not name the bill",
    "refuse": "refused with 1007, nothing was paid",
}
AFTER = ("dropped_after", "500_after", "slow", "garbage_after", "nameless")
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE rsp [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>'
    '<rsp status="ok"><bill><billId>&b;</billId></bill></rsp>'
)


class Portmone:
    def __init__(self, directory: Path, now: Callable[[], datetime], callback_url: str | None) -> None:
        self.bills, self.callbacks = Bills(directory, now), Callbacks(callback_url, now)
        self.fault = StandingFault(MODES, delay=15.0)
        self.problems: deque[str] = deque(maxlen=200)

    async def direct(self, request: Request) -> Response:
        """One call of PortmoneDirect, with the fault it may have to meet."""
        body, fault = await request.body(), self.fault.take()
        mode = fault.mode if fault else None
        answer = self._create(body) if mode is None or mode in AFTER else None
        match mode:
            case None:
                pass
            case "slow":
                assert fault
                await asyncio.sleep(fault.delay)
            case "500" | "500_after":
                return Response("Internal Server Error", 500)
            case "garbage" | "garbage_after":
                return _xml('<?xml version="1.0" encoding="UTF-8"?><rsp status="ok"><bill><billId>70')
            case "html":
                return welcome()
            case "bomb":
                return _xml(BOMB)
            case "nameless":
                return _xml('<rsp status="ok"><bill></bill></rsp>')
            case "refuse":
                return _failed(Refused("1007", "The operator refused"))
            case "hang":
                assert fault
                return NoAnswer(fault.delay)
            case _:
                return NoAnswer(0)
        assert answer
        return answer

    def _create(self, body: bytes) -> Response:
        try:
            bill = self.bills.create(body)
        except Refused as refused:
            self.problems.append(f"{refused.code} {refused.description}")
            return _failed(refused)
        self.callbacks.follow(bill)
        return _xml(document(bill, "ok"))

    async def index(self, _request: Request) -> Response:
        return phone_page(self.bills.newest(), self.callbacks, self.fault, list(self.problems))

    async def listed(self, request: Request) -> Response:
        """Newest first; `?phone=` of one phone."""
        phone = request.query_params.get("phone")
        return JSONResponse({"bills": [bill for bill in self.bills.newest() if phone in (None, bill["phone"])]})

    async def settings(self, request: Request) -> Response:
        if request.method == "POST":
            order = await request.json()
            if set(order) - {"callbacks", "callback_url"} or order.get("callbacks", "once") not in PLANS:
                return JSONResponse({"error": f"callbacks must be one of {', '.join(PLANS)}"}, 400)
            self.callbacks.plan = order.get("callbacks", self.callbacks.plan)
            self.callbacks.url = order.get("callback_url", self.callbacks.url)
        return JSONResponse({"callbacks": self.callbacks.plan, "callback_url": self.callbacks.url})

    async def callback(self, request: Request) -> Response:
        order: dict[str, Any] = await request.json()
        bill = self.bills.find(str(order.get("bill")))
        if bill is None or order.get("status") not in ("ok", "fail"):
            return JSONResponse({"error": "expected a bill and a status of ok or fail"}, 400)
        body = document(bill, order["status"])
        self.callbacks.send(body, bill["id"], delay=float(order.get("delay", 0)), token=order.get("token", TOKEN))
        return JSONResponse({"body": body})

    async def forge(self, request: Request) -> Response:
        self.callbacks.send((await request.body()).decode(), "", token="")
        return JSONResponse({})

    async def told(self, _request: Request) -> Response:
        return JSONResponse({"callbacks": self.callbacks.sent})

    async def refused(self, _request: Request) -> Response:
        return JSONResponse({"problems": list(self.problems)})


def create_app(directory: Path, now: Callable[[], datetime], *, callback_url: str | None = None) -> Starlette:
    """`directory` keeps the bills; `now` is the sandbox's clock; callbacks go to `callback_url`."""
    portmone = Portmone(directory, now, callback_url)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with portmone.callbacks.running():
            yield

    return Starlette(
        routes=[
            Route("/", portmone.index),
            Route("/api/directcash/", portmone.direct, methods=["POST"]),
            Route("/bills", portmone.listed),
            Route("/faults", portmone.fault.endpoint, methods=["GET", "POST", "DELETE"]),
            Route("/settings", portmone.settings, methods=["GET", "POST"]),
            Route("/callback", portmone.callback, methods=["POST"]),
            Route("/forge", portmone.forge, methods=["POST"]),
            Route("/callbacks", portmone.told),
            Route("/problems", portmone.refused),
        ],
        lifespan=lifespan,
    )


def _xml(text: str) -> Response:
    return Response(text, media_type="text/xml")


def _failed(refused: Refused) -> Response:
    return _xml(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rsp status="fail"><error code="{refused.code}">'
        f"{escape(refused.description)}</error><error_description>{escape(refused.description)}"
        "</error_description></rsp>"
    )
