"""Errors on the wire: problem+json (RFC 9457), from the one tree of errors. What was sent is never echoed."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from apps.web.bodies import TooLarge, WrongType
from services import receipts
from services.platform.errors import (
    Conflict,
    Forbidden,
    Invalid,
    KioskError,
    NotFound,
    Rejected,
    TryLater,
    Unauthenticated,
)
from services.platform.idempotency import IdempotencyKeyReused

# The first that fits counts.
STATUSES: tuple[tuple[type[KioskError], int], ...] = (
    (TooLarge, 413),
    (WrongType, 415),
    (IdempotencyKeyReused, 422),
    (Invalid, 400),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Rejected, 422),
    (TryLater, 503),
)
# Their `reason` is a stable code, too, which callers can act by.
TELLING = (receipts.BadPicture, receipts.NotPayable)
COME_BACK = 5  # seconds, where the error does not say
CHALLENGE = 'Bearer realm="kiosk"'

log = structlog.get_logger(__name__)


class BadRequest(Invalid):
    """`faults`: what is wrong with each field, in words of ours."""

    code = "bad_request"

    def __init__(self, faults: list[dict[str, str]]) -> None:
        super().__init__(", ".join(fault["field"] for fault in faults))
        self.faults = faults


def status_of(kind: type[KioskError]) -> int:
    return next((status for known, status in STATUSES if issubclass(kind, known)), 500)


def problem(status: int, code: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    body = {"type": f"urn:kiosk:{code}", "title": HTTPStatus(status).phrase, "status": status, "code": code, **more}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def refusal(error: KioskError, status: int | None = None) -> Response:
    """The answer to a call that raised. `status` is what the address says about such an error; else the tree does."""
    status = status or status_of(type(error))
    if status >= 500:
        say = log.warning if isinstance(error, TryLater) else log.error
        say("request_failed", code=error.code, error=str(error))
    headers = dict(
        getattr(error, "headers", {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'} if status == 401 else {})
    )
    after = getattr(error, "after", None)
    if status == 503 or after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(COME_BACK if after is None else after)))
    more: dict[str, Any] = {"errors": error.faults} if isinstance(error, BadRequest) else {}
    if isinstance(error, TELLING):
        more["reason"] = error.reason
    return problem(status, error.code, headers, **more)


async def on_kiosk_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, KioskError)
    return refusal(error)


async def on_database_error(_request: Request, error: Exception) -> Response:
    """It cannot be reached, or is too busy: nothing is wrong with the request."""
    return refusal(TryLater(f"database: {type(error).__name__}"))


async def on_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, HTTPStatus(error.status_code).name.lower(), dict(error.headers or {}))


async def on_anything_else(request: Request, error: Exception) -> Response:
    """Whoever sent it may send it again: a provider repeats what was not answered with 200."""
    log.error("request_crashed", path=request.url.path, exc_info=error)
    return problem(500, "internal_error")


HANDLERS = {
    KioskError: on_kiosk_error,
    OperationalError: on_database_error,
    InterfaceError: on_database_error,
    PoolTimeout: on_database_error,
    HTTPException: on_http_error,
    Exception: on_anything_else,
}
