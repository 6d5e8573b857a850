"""Faults on order: the next so many matching requests are answered wrongly, late or not at all."""

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from apps.sandbox.server import ABORT

MODES = {
    "202": "processing, nothing was done",
    "429": "too many requests, nothing was done",
    "500": "internal error, nothing was done",
    "500_after": "internal error, but it was done",
    "502": "an HTML page of a proxy, nothing was done",
    "dropped": "the connection is cut, nothing was done",
    "dropped_after": "the connection is cut, but it was done",
    "slow": "done at once, the answer comes late",
    "hang": "no answer, late the connection is cut; nothing was done",
}
AFTER = {"500_after", "dropped_after", "slow"}  # the request does its work first


@dataclass
class Fault:
    """`times` requests of `method` (None: any) whose path begins with `path` (None: any) meet `mode`.

    `delay` is in seconds: how late a slow answer comes, or how long the connection hangs before it is cut.
    """

    mode: str
    method: str | None = None
    path: str | None = None
    times: int = 1
    delay: float = 5.0

    @classmethod
    def from_json(cls, data: Any) -> "Fault":
        """Raises ValueError, in words, when the order makes no sense."""
        if not isinstance(data, dict) or data.get("mode") not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}")
        if unknown := set(data) - {"mode", "method", "path", "times", "delay"}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        path, times, delay = data.get("path"), data.get("times", 1), data.get("delay", 5)
        if data.get("method") not in (None, "GET", "POST"):
            raise ValueError("method must be GET, POST or null")
        if path is not None and not str(path).startswith("/"):
            raise ValueError("path must begin with /, or be null")
        if type(times) is not int or times < 1:
            raise ValueError("times must be a whole number above 0")
        if type(delay) not in (int, float) or not 0 <= delay <= 600:
            raise ValueError("delay must be seconds, 0 to 600")
        return cls(data["mode"], data.get("method"), path, times, delay)

    def matches(self, method: str, path: str) -> bool:
        return self.method in (None, method) and path.startswith(self.path or "")


class Faults:
    """Faults which are still to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._pending.append(fault)

    def clear(self) -> None:
        self._pending.clear()

    def pending(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._pending]

    def take(self, method: str, path: str) -> Fault | None:
        """The fault this request must meet, which is counted as happened."""
        for fault in self._pending:
            if fault.matches(method, path):
                fault.times -= 1
                if fault.times == 0:
                    self._pending.remove(fault)
                return fault
        return None


async def strike(fault: Fault, answer: Response | None) -> Response:
    """What the client gets. `answer` is the true answer of a fault that comes AFTER the work, otherwise None."""
    match fault.mode:
        case "slow" if answer is not None:
            await asyncio.sleep(fault.delay)
            return answer
        case "202":
            body = {"type": "processing", "description": "Request accepted, but not processed yet", "retry_after": 1800}
            return JSONResponse(body, 202)
        case "429":
            return JSONResponse(_error("too_many_requests", "Too many requests"), 429)
        case "500" | "500_after":
            return JSONResponse(_error("internal_server_error", "Internal server error") | {"retry_after": 1800}, 500)
        case "502":
            page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
            return Response(page, 502, media_type="text/html")
        case "hang":
            return NoAnswer(fault.delay)
        case _:
            return NoAnswer(0)


def _error(code: str, description: str) -> dict[str, Any]:
    return {"type": "error", "id": "ecf255db-cce8-4f15-8fc2-3d7a4678c867", "code": code, "description": description}


class NoAnswer(Response):
    """Cuts the connection after `delay` seconds without a single byte. Needs the server of apps.sandbox.server."""

    def __init__(self, delay: float) -> None:
        super().__init__()
        self._delay = delay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(self._until_disconnect(receive))
        done, _ = await asyncio.wait([gone], timeout=self._delay)
        if not done:
            if ABORT not in scope.get("extensions", {}):
                gone.cancel()
                raise ConnectionResetError("the fault cuts the connection")
            scope["extensions"][ABORT]["call"]()
        await gone

    @staticmethod
    async def _until_disconnect(receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


class CutShort(NoAnswer):
    """Half of `answer` comes, then the connection is cut: the rest, which Content-Length promises, never does."""

    def __init__(self, answer: Response) -> None:
        super().__init__(0)
        whole = Path(answer.path).read_bytes() if isinstance(answer, FileResponse) else bytes(answer.body)
        kind = answer.headers["content-type"]
        self._half = whole[: len(whole) // 2]
        self.status_code = answer.status_code
        self.init_headers({"content-type": kind, "content-length": str(len(whole))})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self._half, "more_body": True})
        await asyncio.sleep(0.05)  # an aborted connection forgets what it has not sent
        await super().__call__(scope, receive, send)
