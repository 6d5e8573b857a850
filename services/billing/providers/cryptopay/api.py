"""The client of Crypto Pay's API (source: help.crypt.bot/crypto-pay-api). Parameters go in the address or as JSON, the
token in a header; an answer is {"ok": true, "result"} or {"ok": false, "error": {"code", "name"}}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from services.billing.providers.base import Declined, NotSent, Unknown
from services.platform.documents import BadDocument, read_object
from services.platform.tls import trusted

TIMEOUTS = httpx.Timeout(10.0, connect=3.05)  # seconds between two bytes, seconds to connect
LARGEST_ANSWER = 4 * 1024 * 1024

Result = dict[str, Any] | Declined | NotSent | Unknown


class CryptoPayApi:
    """One app. Safe to share between threads. No call raises for what Crypto Pay or the network does, none is repeated,
    and no redirection followed."""

    def __init__(self, token: str, api_url: str) -> None:
        """`api_url` may also be without "/api" at its end, as the documentation names the two networks."""
        self._url = f"{api_url.rstrip('/').removesuffix('/api')}/api"
        self._http = httpx.Client(verify=trusted(), trust_env=False, headers={"Crypto-Pay-API-Token": token})

    def get(self, method: str, query: Mapping[str, str | int] | None = None) -> Result:
        """Asks without changing anything."""
        return self._call("GET", method, params=query)

    def post(self, method: str, body: Mapping[str, Any]) -> Result:
        return self._call("POST", method, json=body)

    def close(self) -> None:
        self._http.close()

    def _call(self, verb: str, method: str, **content: Any) -> Result:
        body = bytearray()
        try:
            with self._http.stream(verb, f"{self._url}/{method}", timeout=TIMEOUTS, **content) as answer:
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER:
                        return Unknown("the answer has no end")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return NotSent(type(error).__name__)
        except httpx.HTTPError as error:  # silence or a cut after the request had left
            return Unknown(type(error).__name__)
        return _result(answer.status_code, bytes(body))


def _result(status: int, body: bytes) -> dict[str, Any] | Declined | Unknown:
    """The object a call was made for. Refused is only what says so in Crypto Pay's own form; 429 and 5xx say nothing
    about what happened, and a page instead of JSON comes from somebody in between."""
    try:
        answer = read_object(body, limit=LARGEST_ANSWER)
    except BadDocument as unreadable:
        return Unknown(f"unreadable answer, status {status}: {unreadable}")
    result, refusal = answer.get("result"), answer.get("error")
    if status == 200 and answer.get("ok") is True and isinstance(result, dict):
        return result
    if answer.get("ok") is False and isinstance(refusal, dict) and status < 500 and status != 429:
        code = refusal.get("code")
        if type(code) is int and 400 <= code < 500 and code != 429:
            return Declined(str(refusal.get("name") or code)[:64], retryable=False)
    return Unknown(f"status {status}")
