"""One signed call and what its answer means."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.platform.clock import wall_clock
from services.platform.documents import BadDocument, read_object
from services.platform.tls import trusted
from services.provisioning.callout.address import target_of
from services.provisioning.provisioners.base import Misconfigured, OutOfStock, Rejected, TryLater

TIMEOUT = httpx.Timeout(15, connect=5)  # seconds for each step
ALL_OF_IT = 25.0  # seconds for an answer that comes drop by drop
LARGEST = 64 * 1024  # bytes of an answer
LONGEST = {"text": 3000, "link": 2000, "key": 1000}  # characters


@dataclass(frozen=True, slots=True)
class Shown:
    """What the answer gives to the buyer: kind and content, as in base.Artifact."""

    artifacts: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def signatures(secrets: Sequence[str], timestamp: str, body: bytes) -> str:
    """One for each secret, the newest first: while secrets are being changed a seller knows one of them."""
    signed = timestamp.encode() + b"." + body
    return ", ".join(f"v1={hmac.new(one.encode(), signed, hashlib.sha256).hexdigest()}" for one in secrets)


class Caller:
    """Safe to share between threads."""

    def __init__(self, secrets: Sequence[str], *, private: bool) -> None:
        self._secrets, self._private = tuple(secrets), private
        # No connection is kept: one that was opened to an address for one name must not carry a call to another name.
        alone = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(
            timeout=TIMEOUT, verify=trusted(), trust_env=False, follow_redirects=False, limits=alone
        )

    def call(self, url: str, body: bytes, key: str) -> Shown:
        """`key`: the same for every repetition of this call. Raises TryLater, Misconfigured, Rejected, OutOfStock."""
        if not self._secrets:
            raise Misconfigured("calls to a seller need CALLOUT_SECRET")
        target, timestamp = target_of(url, private=self._private), str(int(wall_clock().timestamp()))
        headers = {
            "Host": target.host,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # what is bounded is what is read
            "User-Agent": "Kiosk",
            "Idempotency-Key": key,
            "X-Kiosk-Timestamp": timestamp,
            "X-Kiosk-Signature": signatures(self._secrets, timestamp, body),
        }
        request = self._http.build_request(
            "POST", target.url, content=body, headers=headers, extensions={"sni_hostname": target.name}
        )
        request.extensions["timeout"] = TIMEOUT.as_dict()
        try:
            answer = self._http.send(request, stream=True)
            try:
                content = _bounded(answer)
            finally:
                answer.close()
        except httpx.HTTPError as error:
            raise TryLater(f"{target.name} cannot be reached: {type(error).__name__}") from None
        return read_answer(target.name, answer.status_code, content)

    def close(self) -> None:
        self._http.close()


def read_answer(name: str, status: int, content: bytes | None) -> Shown:
    """`content` is None where there was too much of it. Nothing of it is told in an error but its own code."""
    if 200 <= status < 300:
        return _shown(name, content)
    if 300 <= status < 400:
        raise Misconfigured(f"{name} answered {status}: redirects are not followed")
    if status in (409, 410) and _error_in(content) == "out_of_stock":
        raise OutOfStock(f"{name} has nothing left")
    if status in (408, 409, 425, 429) or status >= 500:
        raise TryLater(f"{name} answered {status}")
    if status in (401, 403):
        raise Misconfigured(f"{name} answered {status}: check CALLOUT_SECRET and both clocks")
    raise Rejected(f"{name} answered {status}")


def _shown(name: str, content: bytes | None) -> Shown:
    if content is not None and not content.strip():
        return Shown()
    given = _document(content)
    if given is None:
        raise TryLater(f"{name} answered with something else than a JSON object of {LARGEST} bytes")
    shown = []
    for kind, longest in LONGEST.items():
        value = given.get(kind)
        if value is None:
            continue
        if not isinstance(value, str) or not 0 < len(value.strip()) <= longest:
            raise TryLater(f"{name} answered with a {kind} that is not 1 to {longest} characters")
        if kind == "link" and not (value.startswith("https://") and value.isprintable() and " " not in value):
            raise TryLater(f"{name} answered with a link that does not begin with https://")
        shown.append((kind, value))
    return Shown(tuple(shown))


def _error_in(content: bytes | None) -> str | None:
    error = (_document(content) or {}).get("error")
    return error if isinstance(error, str) else None


def _document(content: bytes | None) -> dict[str, Any] | None:
    try:
        return read_object(content, limit=LARGEST) if content is not None else None
    except BadDocument:
        return None


def _bounded(answer: httpx.Response) -> bytes | None:
    """None where it is larger than LARGEST. Raises httpx.ReadTimeout when it does not end."""
    content, end = bytearray(), time.monotonic() + ALL_OF_IT
    for chunk in answer.iter_raw():
        content += chunk
        if len(content) > LARGEST:
            return None
        if time.monotonic() > end:
            raise httpx.ReadTimeout("the answer does not end")
    return bytes(content)
