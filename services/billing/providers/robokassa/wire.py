"""Talking to Robokassa: one kept connection pool, amounts as it writes them, JSON without floats."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

from services.billing.providers.base import NotSent, Unknown
from services.platform.money import BadAmount, Money
from services.platform.tls import trusted

TIMEOUTS = httpx.Timeout(10.0, connect=3.05)  # seconds between two bytes, seconds to connect
LARGEST_ANSWER = 64 * 1024
AMOUNT = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,12}))?")
UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


class Wire:
    def __init__(self) -> None:
        self._http = httpx.Client(verify=trusted(), trust_env=False, timeout=TIMEOUTS)

    def send(self, method: str, url: str, **content: Any) -> tuple[int, bytes] | NotSent | Unknown:
        """(status, body) of an answer below 500 and other than 429, which both say nothing about what was done."""
        body = bytearray()
        try:
            with self._http.stream(method, url, **content) as answer:
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER:
                        return Unknown("the answer has no end")
        except UNREACHED as error:
            return NotSent(type(error).__name__)
        except httpx.HTTPError as error:  # silence, or a cut after the request had left
            return Unknown(type(error).__name__)
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            return Unknown(f"status {answer.status_code}")
        return answer.status_code, bytes(body)

    def close(self) -> None:
        self._http.close()


def rubles(text: str) -> Money:
    """ "299", "299.00" and Robokassa's "299.000000" alike. Raises BadAmount for anything else, also where a part of a
    kopeck is left."""
    if not (found := AMOUNT.fullmatch(text)):
        raise BadAmount("not an amount")
    whole, fraction = found[1], (found[2] or "").rstrip("0")
    return Money.parse(f"{whole}.{fraction}" if fraction else whole, "RUB")


def compact(value: Any) -> str:
    """JSON without spaces; a Money is an exact number there, which the standard library cannot write."""
    match value:
        case Money():
            return str(value)
        case dict():
            return "{" + ",".join(f"{compact(name)}:{compact(one)}" for name, one in value.items()) + "}"
        case list():
            return "[" + ",".join(map(compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
