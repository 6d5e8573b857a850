"""Files that are sent to us: a few at a time, read into memory once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import CapacityLimiter, fail_after
from starlette.requests import ClientDisconnect, Request

from apps.web.bodies import TooLarge, WrongType, media_type
from apps.web.contract import File
from services.platform.documents import BadDocument
from services.platform.errors import TryLater

AT_ONCE = 3  # of 10 MB each at most; whoever waits for a place has sent no more than a buffer's worth yet
PATIENCE = 3.0  # seconds for a place, and for the whole file: together below the 30 of Heroku's router
READ_WITHIN = 20.0

_places: list[CapacityLimiter] = []


@dataclass(frozen=True, slots=True)
class Sent:
    """`digest` is the SHA-256 of the content, in hex."""

    content: bytes = field(repr=False)
    digest: str


@asynccontextmanager
async def place() -> AsyncIterator[None]:
    """Room for one file. Raises TryLater when there is none for PATIENCE seconds."""
    if not _places:
        _places.append(CapacityLimiter(AT_ONCE))  # made inside the loop that uses it
    limiter, own = _places[0], object()
    try:
        with fail_after(PATIENCE):
            await limiter.acquire_on_behalf_of(own)
    except TimeoutError:
        raise TryLater("too many files at once", after=PATIENCE) from None
    try:
        yield
    finally:
        limiter.release_on_behalf_of(own)


async def read(request: Request, file: File) -> Sent:
    """Raises WrongType; TooLarge as soon as it is known; BadDocument when the sender left in the middle; TryLater for
    who takes too long."""
    if media_type(request) not in file.types:
        raise WrongType(f"one of {', '.join(file.types)} is wanted")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > file.largest:
        raise TooLarge
    try:
        with fail_after(READ_WITHIN):
            return await _read(request, file.largest)
    except ClientDisconnect:
        raise BadDocument("cut off") from None
    except TimeoutError:
        raise TryLater("the file came too slowly") from None


async def _read(request: Request, largest: int) -> Sent:
    content, digest, size = io.BytesIO(), hashlib.sha256(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > largest:
            raise TooLarge
        content.write(chunk)
        digest.update(chunk)
    return Sent(content.getvalue(), digest.hexdigest())  # the buffer itself, not a copy of it
