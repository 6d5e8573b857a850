"""Errors on the wire: problem+json (RFC 9457), from the one tree of errors. What was sent is never echoed."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.platform.errors import Conflict, Forbidden, Invalid, KioskError, NotFound, TryLater

STATUSES: tuple[tuple[type[KioskError], int], ...] = (
    (Invalid, 400),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (TryLater, 503),
)

log = structlog.get_logger(__name__)


class TooLarge(KioskError):
    code = "too_large"


def problem(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    body = {"type": f"urn:kiosk:{code}", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


async def on_kiosk_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, KioskError)
    if isinstance(error, TooLarge):
        return problem(413, error.code)
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    if status >= 500:
        log.error("request_failed", code=error.code, error=str(error))
    return problem(status, error.code, {"Retry-After": "5"} if status == 503 else None)


async def on_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, HTTPStatus(error.status_code).name.lower(), dict(error.headers or {}))


async def on_anything_else(request: Request, error: Exception) -> Response:
    """Whoever sent it may send it again: a provider repeats what was not answered with 200."""
    log.error("request_crashed", path=request.url.path, exc_info=error)
    return problem(500, "internal_error")


HANDLERS = {KioskError: on_kiosk_error, HTTPException: on_http_error, Exception: on_anything_else}
