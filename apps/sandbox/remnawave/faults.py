"""Faults on order: every request to the API meets one of these until it is used up or called off."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from apps.sandbox.faults import NoAnswer

MODES = {
    "down": "the connection is cut, nothing was done",
    "dropped_after": "the connection is cut, but it was done",
    "hang": "no answer, late the connection is cut; nothing was done",
    "500": "internal error, nothing was done",
    "500_after": "internal error, but it was done",
    "502": "an HTML page of a proxy, nothing was done",
    "html": "200 with somebody's welcome page, nothing was done",
    "html_after": "200 with somebody's welcome page, but it was done",
    "garbage": "200 with broken JSON, nothing was done",
    "garbage_after": "200 with broken JSON, but it was done",
    "slow": "done at once, the answer comes late",
    "401": "the token is refused, nothing was done",
    "403": "the token may not do this, nothing was done",
    "429": "too many requests, nothing was done",
}
METHODS = (None, "GET", "POST", "PATCH", "DELETE")


@dataclass
class Fault:
    """The next `times` requests (None: all, until DELETE) of `method` (None: any) whose path under /api begins with
    `path` (None: any) meet `mode`; `delay` is the seconds of slow and hang."""

    mode: str
    times: int | None = None
    delay: float = 15.0
    method: str | None = None
    path: str | None = None

    @classmethod
    def from_json(cls, data: Any) -> "Fault":
        """Raises ValueError, in words, when the order makes no sense."""
        known = {"mode", "times", "delay", "method", "path"}
        if not isinstance(data, dict) or data.get("mode") not in MODES or set(data) - known:
            raise ValueError(f"expected some of {', '.join(sorted(known))}, with a mode of {', '.join(MODES)}")
        fault = cls(**data)
        if fault.times is not None and (type(fault.times) is not int or fault.times < 1):
            raise ValueError("times must be a whole number above 0, or null")
        if type(fault.delay) not in (int, float) or not 0 <= fault.delay <= 600:
            raise ValueError("delay must be seconds, 0 to 600")
        if fault.method not in METHODS:
            raise ValueError("method must be GET, POST, PATCH, DELETE or null")
        if fault.path is not None and not str(fault.path).startswith("/"):
            raise ValueError("path must begin with /, or be null")
        return fault

    def matches(self, method: str, path: str) -> bool:
        return self.method in (None, method) and path.startswith(self.path or "")


class Faults:
    """The one fault on order; a new order takes its place."""

    def __init__(self) -> None:
        self.ordered: Fault | None = None

    def take(self, method: str, path: str) -> Fault | None:
        """The fault this request must meet, which is counted as happened."""
        fault = self.ordered
        if fault is None or not fault.matches(method, path):
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self.ordered = None
        return fault


async def strike(fault: Fault, work: Callable[[], Response], path: str, at: str) -> Response:
    """What the client gets. `work` does what was asked; it is called only when the fault comes after it."""
    answer = work() if fault.mode == "slow" or fault.mode.endswith("_after") else None
    told = {"timestamp": at, "path": path}
    match fault.mode.removesuffix("_after"):
        case "slow" if answer is not None:
            await asyncio.sleep(fault.delay)
            return answer
        case "500":
            return JSONResponse({**told, "message": "Server error", "errorCode": "A001"}, 500)
        case "502":
            return HTMLResponse("<html><head><title>502 Bad Gateway</title></head></html>", 502)
        case "html":
            return HTMLResponse("<!doctype html><title>Welcome</title><h1>It works!</h1>")
        case "garbage":
            return Response('{"response":{"username":"', media_type="application/json")
        case "401":
            return JSONResponse({**told, "message": "Unauthorized", "errorCode": "A003"}, 401)
        case "403":
            return JSONResponse({**told, "message": "Forbidden", "errorCode": "E000"}, 403)
        case "429":
            body = {"statusCode": 429, "message": "ThrottlerException: Too Many Requests"}
            return JSONResponse(body, 429, {"Retry-After": "60"})
        case "hang":
            return NoAnswer(fault.delay)
        case _:
            return NoAnswer(0)
