"""The client of a VPN server's agent. Source of the protocol: apps/agent/wireguard_agent.py, version 1.

A request is signed: X-Kiosk-Signature is the hex HMAC-SHA256 of "METHOD\\nPATH\\nTIMESTAMP\\n" + body, where PATH is
the agent's own ("/peers"), whatever path the agent's URL has in front of it."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from ipaddress import IPv4Interface, IPv6Interface
from typing import Any, ClassVar

import httpx

from services.platform.clock import wall_clock
from services.platform.errors import KioskError
from services.platform.tls import trusted
from services.provisioning.provisioners.base import Misconfigured, Rejected, TryLater

TIMEOUT = httpx.Timeout(10, connect=3)  # seconds


class StaleRevision(KioskError):
    """The agent keeps another list under this revision or under a newer one. Push again with `applied` + 1 or more."""

    code: ClassVar[str] = "stale_revision"

    def __init__(self, applied: int) -> None:
        super().__init__(f"the agent keeps revision {applied}")
        self.applied = applied


@dataclass(frozen=True)
class Peer:
    public_key: str
    preshared_key: str = field(repr=False)
    addresses: tuple[IPv4Interface, IPv6Interface]


@dataclass(frozen=True)
class AgentHealth:
    """`applied`: the interface held the list of `revision` when the agent last looked; False before the first list."""

    revision: int
    peers: int
    interface: str
    applied: bool
    version: str


@dataclass(frozen=True)
class PeerStats:
    """Since the interface came up, or the peer came to it. Bytes as the server counts them: `rx` from the buyer."""

    latest_handshake: datetime | None  # None: never
    rx: int
    tx: int


class AgentClient:
    """One server's agent. Safe to share between threads."""

    def __init__(self, url: str, secret: str, timeout: httpx.Timeout = TIMEOUT) -> None:
        self._url = url.rstrip("/")
        self._secret = secret.encode()
        self._http = httpx.Client(timeout=timeout, verify=trusted(), trust_env=False)

    def push(self, revision: int, peers: Sequence[Peer]) -> None:
        """Make the server hold exactly `peers`; the same push again changes nothing.

        Raises StaleRevision, and the errors of provisioners.base."""
        wanted = [
            {
                "public_key": peer.public_key,
                "preshared_key": peer.preshared_key,
                "allowed_ips": [str(address) for address in peer.addresses],
            }
            for peer in peers
        ]
        answer = self._call("PUT", "/peers", json.dumps({"revision": revision, "peers": wanted}).encode())
        if answer != {"revision": revision, "peers": len(wanted)}:
            raise TryLater("the agent confirmed something else than it was sent")

    def health(self) -> AgentHealth:
        """Raises the errors of provisioners.base."""
        answer = self._call("GET", "/health", b"")
        health: dict[str, Any] = {known.name: answer.get(known.name) for known in fields(AgentHealth)}
        if [type(value) for value in health.values()] != [int, int, str, bool, str]:
            raise TryLater("the agent's health has an unknown shape")
        return AgentHealth(**health)

    def stats(self) -> dict[str, PeerStats]:
        """By public key, of the peers that the interface holds now. Raises the errors of provisioners.base."""
        peers = self._call("GET", "/stats", b"").get("peers")
        if not isinstance(peers, dict):
            raise TryLater("the agent's stats have an unknown shape")
        return {key: _stats(row) for key, row in peers.items()}

    def close(self) -> None:
        self._http.close()

    def _call(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        timestamp = str(int(wall_clock().timestamp()))
        signed = f"{method}\n{path}\n{timestamp}\n".encode() + body
        headers = {
            "Content-Type": "application/json",
            "X-Kiosk-Timestamp": timestamp,
            "X-Kiosk-Signature": hmac.new(self._secret, signed, hashlib.sha256).hexdigest(),
        }
        try:
            response = self._http.request(method, self._url + path, content=body, headers=headers)
        except httpx.RequestError as error:
            raise TryLater(f"the agent cannot be reached: {type(error).__name__}") from error
        return _read(response)


def _stats(row: Any) -> PeerStats:
    given: dict[str, Any] = row if isinstance(row, dict) else {}
    numbers: list[Any] = [given.get(name) for name in ("latest_handshake", "rx", "tx")]
    if any(type(number) is not int or number < 0 for number in numbers):
        raise TryLater("the agent's stats have an unknown shape")
    seconds, rx, tx = numbers
    try:
        latest = datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        raise TryLater("the agent's stats have a time which is none") from None
    return PeerStats(latest, rx, tx)


def _read(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object, or the error that its status means."""
    status = response.status_code
    if status in (401, 403, 404) or response.is_redirect:
        raise Misconfigured(f"the agent answered {status}: check its address, the secret and both clocks")
    try:
        answer = response.json()
    except ValueError:
        raise TryLater(f"the agent answered {status} without JSON") from None
    if not isinstance(answer, dict):
        raise TryLater(f"the agent answered {status} with unknown JSON")
    if status == 200:
        return answer
    if status == 409 and type(answer.get("revision")) is int:
        raise StaleRevision(answer["revision"])
    if status in (413, 422):
        raise Rejected(f"the agent refused the list: {answer.get('error')}")
    raise TryLater(f"the agent answered {status}: {answer.get('error')}")
