"""One call to a panel and what its answer means. A success is {"response": ...} or nothing at all; a refusal names an
`errorCode`, one that failed validation lists `errors` (source: the panel's backend, 2.7 to 3.3).

Bodies hold people's links and passwords: neither logs nor errors quote them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx

from services.platform.documents import BadDocument, read_object
from services.platform.errors import KioskError, Misconfigured, Rejected, TryLater
from services.platform.tls import trusted

IDLE = httpx.Limits(keepalive_expiry=2.0)  # seconds; the panel itself closes after 5, maybe while we are writing
TIMEOUTS = httpx.Timeout(15.0, connect=5.0)  # seconds between two bytes, seconds to connect
LONGEST_ANSWER = 20.0  # seconds from the first byte to the last
LARGEST_ANSWER = 32 * 1024 * 1024  # a page of 500 users is about 1 MiB
USER_ABSENT = {"A025", "A063"}


class UserAbsent(KioskError):
    """The panel says that it has no such user."""

    code: ClassVar[str] = "panel_user_absent"


class NoSuchAddress(Misconfigured):
    """The panel, or whatever stands there, does not know the address: another version, or not a panel at all."""

    code: ClassVar[str] = "panel_no_such_address"


class Refused(Rejected):
    """`reason` is the panel's errorCode, or "validation"."""

    code: ClassVar[str] = "panel_refused"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Failed(TryLater):
    """The panel had an error of its own (5xx); `reason` is its errorCode, if it named one. It may have done it."""

    code: ClassVar[str] = "panel_failed"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class PanelHttp:
    """Safe to share between threads. Nothing is repeated and no redirection followed."""

    def __init__(self, url: str, token: str, api_key: str | None = None) -> None:
        """`url` with or without "/api" at its end. A panel reached without TLS, inside a private network, drops every
        connection which does not look as if a proxy had ended the TLS."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if api_key:
            headers["X-Api-Key"] = api_key
        if url.startswith("http://"):
            headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
        self._url = f"{url.rstrip('/').removesuffix('/api')}/api"
        self._http = httpx.Client(verify=trusted(), trust_env=False, headers=headers, timeout=TIMEOUTS, limits=IDLE)

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        return self._call("GET", path, params=query)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._call("POST", path, json=body) if body is not None else self._call("POST", path)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._call("PATCH", path, json=body)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path)

    def close(self) -> None:
        self._http.close()

    def _call(self, method: str, path: str, **content: Any) -> Any:
        """What stands under "response"; None for an empty answer. Raises UserAbsent, NoSuchAddress, Refused, Failed,
        Misconfigured, TryLater."""
        body, started = bytearray(), time.monotonic()
        try:
            with self._http.stream(method, self._url + path, **content) as answer:
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER or time.monotonic() - started > LONGEST_ANSWER:
                        raise TryLater("the panel's answer has no end")
        except httpx.HTTPError as error:
            # The message may quote the address, and that a short uuid.
            raise TryLater(f"the panel cannot be reached: {type(error).__name__}") from None
        return _read(answer, bytes(body))


def _read(answer: httpx.Response, body: bytes) -> Any:
    status = answer.status_code
    if answer.is_redirect:
        raise Misconfigured(f"the panel's address leads elsewhere ({status}): write the one it leads to")
    if status in (401, 403):
        raise Misconfigured(f"the panel refuses the token ({status}): it ended, was revoked, or may not do this")
    if status == 429:
        raise TryLater("the panel asks to slow down (429)", after=_seconds(answer.headers.get("retry-after")))
    if answer.is_success and not body.strip():
        return None
    try:
        document = read_object(body, limit=LARGEST_ANSWER)
    except BadDocument as unreadable:
        raise TryLater(f"the panel answered {status} with something else than JSON: {unreadable}") from None
    if answer.is_success:
        if "response" not in document:
            raise TryLater(f"the panel answered {status} in an unknown form")
        return document["response"]
    raise _error(status, document)


def _error(status: int, document: Mapping[str, Any]) -> KioskError:
    reason = document.get("errorCode")
    reason = reason if isinstance(reason, str) and re.fullmatch(r"[A-Z][0-9]{3,4}", reason) else ""
    if status >= 500:
        return Failed(reason, f"the panel failed ({status} {reason})".replace(" )", ")"))
    if status == 404:
        if reason in USER_ABSENT:
            return UserAbsent(f"the panel has no such user ({reason})")
        return NoSuchAddress(f"the panel does not know this address (404 {reason})".replace(" )", ")"))
    if reason:
        return Refused(reason, f"the panel refused ({status} {reason})")
    return Refused("validation", f"the panel refused ({status}): {_wrong_fields(document.get('errors'))}")


def _wrong_fields(errors: object) -> str:
    """The names of the fields that failed validation, never their values."""
    names = set()
    for error in errors if isinstance(errors, list) else []:
        path = error.get("path") if isinstance(error, dict) else None
        if isinstance(path, list) and path:
            names.add(re.sub(r"[^A-Za-z0-9]", "", str(path[0]))[:40])
    return ", ".join(sorted(names)) or "no field named"


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is left to the caller's own back-off."""
    return min(float(text), 3600.0) if text and re.fullmatch(r"[0-9]{1,6}", text) else None
