"""The client of a wg-portal 2.x. Source: its OpenAPI ("WireGuard Portal Public API", /api/v1) and handlers behind it.

A peer's identifier is its public key, which we choose, so creating it again is found out (409). Only its owner's device
has the private key: the portal demands one, never uses it, and gets zeros. ExpiresAt is a day without a time, so it
stays empty and a peer is suspended by Disabled. Answers hold keys: no body is ever logged or quoted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface
from typing import Any
from urllib.parse import quote

import httpx

from services.platform.tls import trusted
from services.provisioning.provisioners.base import Misconfigured, TryLater
from services.provisioning.wireguard.agent import TIMEOUT, PeerStats
from services.provisioning.wireguard.portal_answers import (
    Duplicate,
    HeldPeer,
    NoStatistics,
    PortalHealth,
    held_peer,
    peer_stats,
    read,
)

NO_KEY = "A" * 43 + "="  # 32 zero bytes
NOTES = "Kept by Kiosk, which undoes changes made here."


@dataclass(frozen=True)
class PortalPeer:
    """`name` is ours and tells our peers from others; `disabled_reason` is empty for one that may connect."""

    name: str
    public_key: str
    preshared_key: str = field(repr=False)
    addresses: tuple[IPv4Interface, IPv6Interface]
    disabled_reason: str = ""


class PortalClient:
    """One interface of one portal. Safe to share between threads."""

    def __init__(self, url: str, user: str, token: str, interface: str, timeout: httpx.Timeout = TIMEOUT) -> None:
        self.user = user
        self._interface = interface
        self._url = f"{url.rstrip('/')}/api/v1"
        self._http = httpx.Client(auth=httpx.BasicAuth(user, token), timeout=timeout, verify=trusted(), trust_env=False)

    def health(self) -> PortalHealth:
        """Raises the errors of provisioners.base."""
        answer = self._object(self._call("GET", f"/interface/by-id/{quote(self._interface, safe='')}"))
        if answer is None:
            raise Misconfigured(f"the portal has no interface {self._interface}")
        counts = answer.get("TotalPeers"), answer.get("EnabledPeers")
        key = answer.get("PublicKey")
        if type(counts[0]) is not int or type(counts[1]) is not int or not isinstance(key, str):
            raise TryLater("the portal's interface has an unknown shape")
        return PortalHealth(key, counts[0], counts[1], answer.get("Disabled") is True)

    def peers(self) -> list[HeldPeer]:
        """Everybody's on this interface, in one request. Raises the errors of provisioners.base."""
        answer = self._call("GET", f"/peer/by-interface/{quote(self._interface, safe='')}")
        if not isinstance(answer, list):
            raise TryLater("the portal's list of peers has an unknown shape")
        return [held_peer(row) for row in answer]

    def create(self, peer: PortalPeer) -> None:
        """One that exists is brought to this state. Raises the errors of provisioners.base."""
        try:
            answer = self._call("POST", "/peer/new", self._body(peer))
        except Duplicate:
            self.update(peer)
        else:
            self._confirm(peer, answer)

    def update(self, peer: PortalPeer) -> None:
        """Raises TryLater also when it is gone meanwhile, and the errors of provisioners.base."""
        answer = self._call("PUT", _by_id(peer.public_key), self._body(peer))
        if answer is None:
            raise TryLater("the peer vanished from the portal meanwhile", after=2)
        self._confirm(peer, answer)

    def find(self, public_key: str) -> HeldPeer | None:
        """Raises the errors of provisioners.base."""
        answer = self._call("GET", _by_id(public_key))
        return None if answer is None else held_peer(answer)

    def delete(self, public_key: str) -> None:
        """One that is not there is deleted. Raises the errors of provisioners.base."""
        self._call("DELETE", _by_id(public_key))

    def stats(self) -> dict[str, PeerStats] | None:
        """Of all our user's peers, in one request, by public key; None when the portal collects none."""
        answer = self._measured(f"/metrics/by-user/{quote(self.user, safe='')}")
        if answer is None:
            return None
        rows = answer.get("PeerMetrics")
        if not isinstance(rows, list):
            raise TryLater("the portal's metrics have an unknown shape")
        return dict(peer_stats(row) for row in rows)

    def stats_of(self, public_key: str) -> PeerStats | None:
        """None: the portal has no statistics of it."""
        answer = self._measured(f"/metrics/by-peer/{quote(public_key, safe='')}")
        return None if answer is None else peer_stats(answer)[1]

    def close(self) -> None:
        self._http.close()

    def _measured(self, path: str) -> dict[str, Any] | None:
        try:
            return self._object(self._call("GET", path))
        except NoStatistics:
            return None

    def _body(self, peer: PortalPeer) -> dict[str, Any]:
        return {
            "Identifier": peer.public_key,
            "PublicKey": peer.public_key,
            "PrivateKey": NO_KEY,
            "PresharedKey": peer.preshared_key,
            "DisplayName": peer.name,
            "UserIdentifier": self.user,
            "InterfaceIdentifier": self._interface,
            "Mode": "client",
            "Addresses": [str(address) for address in peer.addresses],
            "Disabled": bool(peer.disabled_reason),
            "DisabledReason": peer.disabled_reason,
            "Notes": NOTES,
        }

    def _confirm(self, peer: PortalPeer, answer: Any) -> None:
        if not is_as_wanted(held_peer(answer), peer, self.user):
            raise TryLater("the portal confirmed something else than it was sent")

    def _object(self, answer: Any) -> dict[str, Any] | None:
        if answer is not None and not isinstance(answer, dict):
            raise TryLater("the portal answered with unknown JSON")
        return answer

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON; None when there is no such thing (404)."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if content else {}
        try:
            response = self._http.request(method, self._url + path, content=content, headers=headers)
        except httpx.RequestError as error:
            raise TryLater(f"the portal cannot be reached: {type(error).__name__}") from error
        return read(response)


def is_as_wanted(held: HeldPeer, peer: PortalPeer, user: str) -> bool:
    """Whether the portal holds exactly this: also that nobody set an expiry or took it over by hand."""
    return held == HeldPeer(
        public_key=peer.public_key,
        name=peer.name,
        owner=user,
        addresses=tuple(sorted(str(address) for address in peer.addresses)),
        disabled=bool(peer.disabled_reason),
        expires="",
        preshared_key=peer.preshared_key,
    )


def _by_id(public_key: str) -> str:
    return f"/peer/by-id/{quote(public_key, safe='')}"
