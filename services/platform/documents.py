"""JSON from outside, as far as PostgreSQL's JSONB can keep it."""

from __future__ import annotations

import json
import math
from typing import Any, ClassVar, NoReturn

from services.platform.errors import Invalid

DEEPEST = 100  # Telegram's updates and providers' notifications stay below 20


class BadDocument(Invalid):
    code: ClassVar[str] = "bad_document"


def read_object(body: bytes, *, limit: int) -> dict[str, Any]:
    """A JSON object of at most `limit` bytes. Raises BadDocument also for what JSON allows and JSONB does not: NUL,
    lone surrogates, numbers without end; and for NaN, and nesting that no honest sender needs."""
    if len(body) > limit:
        raise BadDocument("too large")
    try:
        document = json.loads(body, parse_constant=_refuse)
        _check(document, depth=0)
    except (ValueError, RecursionError):
        raise BadDocument("not JSON in UTF-8") from None
    if not isinstance(document, dict):
        raise BadDocument("not an object")
    return document


def _check(value: object, depth: int) -> None:
    if depth > DEEPEST:
        raise BadDocument("nested too deep")
    if isinstance(value, str):
        if "\0" in value:
            raise BadDocument("holds a NUL")
        value.encode()  # ValueError for a lone surrogate
    elif isinstance(value, float):
        if not math.isfinite(value):  # 1e999
            raise BadDocument("holds a number without end")
    elif isinstance(value, dict):
        for name, one in value.items():
            _check(name, depth)
            _check(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _check(one, depth + 1)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
