"""JSON from outside, as far as PostgreSQL's JSONB can keep it."""

from __future__ import annotations

import json
from typing import Any, ClassVar, NoReturn

from services.platform.errors import Invalid


class BadDocument(Invalid):
    code: ClassVar[str] = "bad_document"


def read_object(body: bytes, *, limit: int) -> dict[str, Any]:
    """A JSON object of at most `limit` bytes. Raises BadDocument also for what JSON allows and JSONB does not:
    NUL, lone surrogates, NaN, and nesting without end."""
    if len(body) > limit:
        raise BadDocument("too large")
    try:
        document = json.loads(body, parse_constant=_refuse)
        if "\\u0000" in json.dumps(document):
            raise BadDocument("holds a NUL")
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadDocument("not JSON in UTF-8") from None
    if not isinstance(document, dict):
        raise BadDocument("not an object")
    return document


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
