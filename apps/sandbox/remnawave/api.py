"""The panel's door: the reverse proxy, tokens, the envelope, errors, faults on order."""

import json
from collections import deque
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from apps.sandbox.faults import NoAnswer
from apps.sandbox.remnawave.bulk import Bulk
from apps.sandbox.remnawave.call import Call
from apps.sandbox.remnawave.dates import read, stamp
from apps.sandbox.remnawave.endpoints import NOTHING, Endpoint, endpoint
from apps.sandbox.remnawave.errors import Invalid, NoRoute, Refused
from apps.sandbox.remnawave.faults import Faults, strike
from apps.sandbox.remnawave.panel import Panel


class Api:
    """Answers requests under /api. `log` and `problems` keep the last thousand requests and refused requests."""

    def __init__(self, panel: Panel, bulk: Bulk) -> None:
        self._panel, self._bulk = panel, bulk
        self.faults = Faults()
        self.log: deque[dict[str, Any]] = deque(maxlen=1000)
        self.problems: deque[dict[str, Any]] = deque(maxlen=1000)

    def catch_up(self) -> None:
        """Do what jobs and queues would have done by now."""
        self._bulk.catch_up(self._panel.now())
        self._panel.catch_up()

    async def handle(self, request: Request) -> Response:
        """One request under /api, with the fault it may have to meet."""
        raw = await request.body()
        path = f"/{request.path_params['path']}"
        entry: dict[str, Any] = {
            "at": stamp(self._panel.now()),
            "method": request.method,
            "path": path,
            "query": dict(request.query_params),
            "body": _readable(raw),
            "status": None,
            "fault": None,
        }
        self.log.append(entry)
        if not self._through_proxy(request):
            self.problems.append(entry | {"problem": "x-forwarded-proto: https and x-forwarded-for must be sent"})
            return NoAnswer(0)
        fault = self.faults.take(request.method, path)
        entry["fault"] = fault and fault.mode

        def work() -> Response:
            return self._answer(request, raw, entry)

        answer = work() if fault is None else await strike(fault, work, f"/api{path}", entry["at"])
        entry["status"] = None if isinstance(answer, NoAnswer) else answer.status_code
        return answer

    def _through_proxy(self, request: Request) -> bool:
        headers = request.headers
        secure = headers.get("x-forwarded-proto") == "https" and bool(headers.get("x-forwarded-for"))
        return secure or not self._panel.settings.behind_proxy

    def _answer(self, request: Request, raw: bytes, entry: dict[str, Any]) -> Response:
        self.catch_up()
        path = f"/api{entry['path']}"
        try:
            found, parts = endpoint(request.method, entry["path"], self._panel.settings.dialect)
            self._authorize(request, found)
            call = Call(self._panel, self._bulk, parts, dict(request.query_params), _body(request, raw))
            done = found.do(call)
        except Refused as refused:
            return self._refusal(entry, refused.status, refused.body(path, entry["at"]))
        except Invalid as invalid:
            return self._refusal(entry, 400, invalid.body())
        except NoRoute as missing:
            return self._refusal(entry, 404, missing.body(request.method, path))
        except _NotJson as broken:
            return self._refusal(entry, 400, {"message": str(broken), "error": "Bad Request", "statusCode": 400})
        return Response(status_code=204) if done is NOTHING else JSONResponse({"response": done}, found.status)

    def _refusal(self, entry: dict[str, Any], status: int, body: dict[str, Any]) -> Response:
        if body.get("errorCode") not in ("A025", "A063"):
            self.problems.append(entry | {"status": status, "problem": body})
        return JSONResponse(body, status)

    def _authorize(self, request: Request, wanted: Endpoint) -> None:
        """Raises Refused unless a token that has not expired is given and may do this."""
        settings = self._panel.settings
        if settings.api_key is not None and request.headers.get("X-Api-Key") != settings.api_key:
            raise Refused("A003")
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        token = settings.tokens.get(given) if scheme == "Bearer" else None
        if token is None:
            raise Refused("A003")
        expires_at = token.get("expires_at")
        ends = read(expires_at, settings.place()) if expires_at else None
        if ends is not None and ends <= self._panel.now():
            raise Refused("A003")
        scopes = token.get("scopes") or ["*"]
        if settings.dialect == "3" and not {"*", wanted.scope} & set(scopes):
            raise Refused("E000")


class _NotJson(Exception):
    """A body that cannot be read."""


def _body(request: Request, raw: bytes) -> Any:
    """What a request brings; a body that is not declared as JSON is not looked at."""
    if not raw or request.headers.get("Content-Type", "").split(";")[0].strip() != "application/json":
        return {}
    try:
        return json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _NotJson(str(error)) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"Unexpected token {name}")


def _readable(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        return raw.decode(errors="replace")
