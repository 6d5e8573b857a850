"""Bodies of requests: bounded while they are read, not after."""

from __future__ import annotations

from typing import ClassVar

from starlette.requests import ClientDisconnect, Request

from services.platform.documents import BadDocument
from services.platform.errors import Invalid


class TooLarge(Invalid):
    code: ClassVar[str] = "too_large"


class WrongType(Invalid):
    """The body is not of the type this address reads."""

    code: ClassVar[str] = "unsupported_media_type"


async def read(request: Request, limit: int) -> bytes:
    """At most `limit` bytes. Raises TooLarge; BadDocument when the sender left in the middle."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise TooLarge
    except ClientDisconnect:
        raise BadDocument("cut off") from None
    return bytes(body)


def require_json(request: Request) -> None:
    """Raises WrongType unless the body calls itself application/json."""
    if media_type(request) != "application/json":
        raise WrongType("application/json is wanted")


def media_type(request: Request) -> str:
    """What the body calls itself."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
