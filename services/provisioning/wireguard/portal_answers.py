"""What a wg-portal 2.x answers. Source: its OpenAPI, models.Peer, models.PeerMetrics, models.Interface, models.Error.

Unknown fields are ignored. Answers hold keys: nothing of them gets into an error."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_interface
from typing import Any

import httpx

from services.provisioning.provisioners.base import Misconfigured, Rejected, TryLater
from services.provisioning.wireguard.agent import PeerStats

_NO_STATISTICS = "statistics collection is disabled"


@dataclass(frozen=True)
class HeldPeer:
    """What the portal holds under a public key. `addresses` are networks as text, normalised and sorted."""

    public_key: str
    name: str
    owner: str
    addresses: tuple[str, ...]
    disabled: bool
    expires: str
    preshared_key: str = field(repr=False)


@dataclass(frozen=True)
class PortalHealth:
    public_key: str
    peers: int
    enabled: int  # peers that may connect
    down: bool


class Duplicate(Exception):
    """409: there is a peer with this public key."""


class NoStatistics(Exception):
    """The portal is set up to collect none."""


def read(response: httpx.Response) -> Any:
    """The answer's JSON; None for 204 and for 404 (there is no such thing). Raises Duplicate, NoStatistics and the
    errors of provisioners.base."""
    status = response.status_code
    if status in (401, 403) or response.is_redirect:
        raise Misconfigured(f"the portal answered {status}: check its address, the user and the API token")
    if status == 204:
        return None
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if status == 200 and answer is not None:
        return answer
    # Its own errors are {"Code", "Message"}; a 404 of another shape is somebody else's at this address.
    ours = isinstance(answer, dict) and answer.get("Code") == status
    message = _without_keys(str(answer.get("Message"))) if ours else "no JSON of a portal"
    if status == 404:
        if ours:
            return None
        raise Misconfigured("the portal's API is not at this address, or it is switched off")
    if status == 409 and ours:
        raise Duplicate
    if status == 400 and ours:
        raise Rejected(f"the portal refused: {message}")
    if ours and _NO_STATISTICS in message:
        raise NoStatistics
    raise TryLater(f"the portal answered {status}: {message}")


def _without_keys(message: str) -> str:
    return re.sub(r"[A-Za-z0-9+/]{43}=?", "<key>", message)


def held_peer(row: Any) -> HeldPeer:
    texts = ("Identifier", "DisplayName", "UserIdentifier", "PresharedKey")
    given: dict[str, Any] = row if isinstance(row, dict) else {}
    addresses = given.get("Addresses") or []
    if any(not isinstance(given.get(name), str) for name in texts) or not isinstance(addresses, list):
        raise TryLater("a peer of the portal has an unknown shape")
    return HeldPeer(
        public_key=given["Identifier"],
        name=given["DisplayName"],
        owner=given["UserIdentifier"],
        addresses=tuple(sorted(_network(text) for text in addresses)),
        disabled=given.get("Disabled") is True,
        expires=str(given.get("ExpiresAt") or ""),
        preshared_key=given["PresharedKey"],
    )


def _network(text: Any) -> str:
    """The single host that WireGuard makes of an address, whatever its mask says."""
    try:
        host = ip_interface(text).ip
    except ValueError:
        raise TryLater("a peer of the portal has an address which is none") from None
    return f"{host}/{host.max_prefixlen}"


def peer_stats(row: Any) -> tuple[str, PeerStats]:
    given: dict[str, Any] = row if isinstance(row, dict) else {}
    key, rx, tx = (given.get(name) for name in ("PeerIdentifier", "BytesReceived", "BytesTransmitted"))
    if not isinstance(key, str) or type(rx) is not int or type(tx) is not int:
        raise TryLater("the portal's metrics have an unknown shape")
    latest = given.get("LastHandshake")
    try:
        seen = datetime.fromisoformat(latest) if latest else None
    except (ValueError, TypeError):
        raise TryLater("the portal's metrics have a time which is none") from None
    # Go writes "never" as the year 1.
    return key, PeerStats(seen if seen and seen.year > 1970 and seen.tzinfo else None, rx, tx)
