"""A seller's own system in the sandbox world, as its owner would write one (source: docs/access/callout.md).

`POST /grants` takes Kiosk's calls: it checks the signature, answers a repeated Idempotency-Key as it did the first
time, and gives each grant a key of its own. `/` shows what came, `/calls` tells it, `/faults` orders faults."""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from apps.sandbox.faults import NoAnswer
from apps.sandbox.seller_page import MODES, calls_page
from apps.sandbox.shelf import Shelf
from apps.sandbox.standing import AFTER, Fault, StandingFault, welcome
from services.platform.clock import wall_clock

SHOWN = 200


class Seller:
    """Calls are kept by their Idempotency-Key, with the answer they got."""

    def __init__(self, directory: Path, secret: str) -> None:
        self._calls, self._secret = Shelf(directory), secret.encode()
        self.fault = StandingFault(MODES, delay=20.0)
        self._refused = 0

    async def index(self, _request: Request) -> HTMLResponse:
        return calls_page(self._newest(), self._refused, self.fault)

    async def calls(self, request: Request) -> JSONResponse:
        """Those of one grant (`?grant=`), or all; oldest first."""
        wanted = request.query_params.get("grant")
        found = [call for call in reversed(self._newest()) if wanted in (None, call["told"]["grant"])]
        return JSONResponse({"calls": found, "refused": self._refused})

    async def grants(self, request: Request) -> Response:
        body = await request.body()
        if not self._is_signed(request, body):
            self._refused += 1
            return JSONResponse({"error": "bad signature"}, 401)
        fault = self.fault.take()
        answer = self._take(request, body) if fault is None or fault.mode in AFTER else {}
        if fault is None:
            return JSONResponse(answer)
        if fault.mode == "slow":
            await asyncio.sleep(fault.delay)
            return JSONResponse(answer)
        return _faulty(fault)

    def _take(self, request: Request, body: bytes) -> dict[str, Any]:
        """What is answered: the same again, where the call was taken before."""
        key = request.headers["idempotency-key"]
        known = self._calls.get(key)
        if known is not None:
            self._calls.put(key, {**known, "times": known["times"] + 1})
            same: dict[str, Any] = known["answer"]
            return same
        told = json.loads(body)
        answer = self._answer(told)
        at = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251 - the outside world's own clock
        number = len(self._calls.documents())
        self._calls.put(key, {"n": number, "at": at, "key": key, "told": told, "answer": answer, "times": 1})
        return answer

    def _answer(self, told: dict[str, Any]) -> dict[str, Any]:
        if told["event"] not in ("granted", "rotated"):
            return {}
        key = hashlib.sha256(f"{told['grant']} {told['generation']} {told['period']}".encode()).hexdigest()
        return {
            "text": f"Your account is {told['grant']}.",
            "link": f"https://seller.example/{told['grant']}",
            "key": "-".join(key[n : n + 5].upper() for n in range(0, 20, 5)),
        }

    def _is_signed(self, request: Request, body: bytes) -> bool:
        timestamp = request.headers.get("x-kiosk-timestamp", "")
        if not timestamp.isdigit() or abs(wall_clock().timestamp() - int(timestamp)) > 300:
            return False
        right = "v1=" + hmac.new(self._secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        given = [one.strip() for one in request.headers.get("x-kiosk-signature", "").split(",")]
        return any(hmac.compare_digest(one.encode(), right.encode()) for one in given)

    def _newest(self) -> list[dict[str, Any]]:
        return sorted(self._calls.documents(), key=lambda call: -call["n"])[:SHOWN]


def _faulty(fault: Fault) -> Response:
    match fault.mode:
        case "out_of_stock":
            return JSONResponse({"error": "out_of_stock"}, 409)
        case "400" | "401" | "410" | "429" | "409":
            return JSONResponse({"error": "no"}, int(fault.mode))
        case "500" | "500_after":
            return JSONResponse({"error": "internal error"}, 500)
        case "html":
            return welcome()
        case "redirect":
            return RedirectResponse("/seller/grants", 307)
        case "body":
            return Response(fault.body, media_type="application/json")
        case _cut:
            return NoAnswer(0)


def create_app(directory: Path, *, secret: str) -> Starlette:
    """`directory` keeps the calls; `secret` is the one they are signed with."""
    seller = Seller(directory, secret)
    return Starlette(
        routes=[
            Route("/", seller.index),
            Route("/calls", seller.calls),
            Route("/faults", seller.fault.endpoint, methods=["GET", "POST", "DELETE"]),
            Route("/grants", seller.grants, methods=["POST"]),
        ]
    )
