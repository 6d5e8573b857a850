"""Long texts, sent piece by piece as they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from apps.threads import in_thread
from apps.web.contract import Answered, Call, Endpoint


async def send(endpoint: Endpoint, call: Call[Any, Any]) -> Response:
    """What fails before the first piece is there is answered as any other error; later, the text breaks off."""
    pieces = await in_thread(endpoint.run, call)
    assert not isinstance(pieces, Answered)
    first = await in_thread(next, pieces, None)
    return StreamingResponse(_all(first, pieces), media_type=endpoint.table, headers={"Cache-Control": "no-store"})


async def _all(piece: str | None, pieces: Iterator[str]) -> AsyncIterator[str]:
    while piece is not None:
        yield piece
        piece = await in_thread(next, pieces, None)
