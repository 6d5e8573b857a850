"""The ways to tell a server its peers: our agent takes whole lists in order, a wg-portal takes one peer at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface
from typing import Protocol

from services.platform.config_vpn import VpnServer
from services.provisioning.provisioners.base import Misconfigured, TryLater
from services.provisioning.wireguard.agent import AgentClient, Peer, PeerStats
from services.provisioning.wireguard.portal import PortalClient, PortalPeer
from services.provisioning.wireguard.portal_list import PREFIX, converge, differs

SUSPENDED = "suspended by Kiosk"


@dataclass(frozen=True)
class WantedPeer:
    """`key` is its grant's. One that is not active keeps its place and may not connect."""

    key: str
    public_key: str
    preshared_key: str = field(repr=False)
    addresses: tuple[IPv4Interface, IPv6Interface]
    active: bool


# Reads the newest list and its revision from our database, in a transaction of its own.
Read = Callable[[], tuple[int, Sequence[WantedPeer]]]


class Way(Protocol):
    """To one server. Everything raises the errors of provisioners.base. `keeps_order`: it refuses an older list than
    it has; elsewhere the newest must be looked at again after each push."""

    keeps_order: bool

    def push(self, read: Read) -> int:
        """Makes the server equal to the newest list; the revision that it holds now. Raises StaleRevision too, where
        the server itself keeps the order."""

    def holds(self, read: Read) -> bool:
        """Whether a push would change nothing."""

    def look(self) -> tuple[set[str], dict[str, PeerStats]]:
        """Public keys of the peers that may connect now, and their traffic, where it is counted."""

    def check(self) -> str:
        """One line for operators. Also raises when the server is not fit for buyers."""

    def close(self) -> None: ...


class AgentWay:
    keeps_order = True

    def __init__(self, url: str, secret: str) -> None:
        self._client = AgentClient(url, secret)

    def push(self, read: Read) -> int:
        revision, wanted = read()
        active = [Peer(peer.public_key, peer.preshared_key, peer.addresses) for peer in wanted if peer.active]
        self._client.push(revision, active)
        return revision

    def holds(self, read: Read) -> bool:
        health, (revision, _) = self._client.health(), read()
        return health.applied and health.revision == revision

    def look(self) -> tuple[set[str], dict[str, PeerStats]]:
        health, stats = self._client.health(), self._client.stats()
        if not health.applied and health.revision:
            raise TryLater("the agent is just giving its interface the list back")
        return set(stats), stats

    def check(self) -> str:
        health = self._client.health()
        if not health.applied and health.peers:
            raise TryLater(f"the interface {health.interface} does not hold its {health.peers} peers")
        return f"{health.peers} peers on {health.interface}, revision {health.revision}, agent {health.version}"

    def close(self) -> None:
        self._client.close()


class PortalWay:
    """A portal knows no revisions: what it holds is looked at first and our list is read after that, so that nothing
    which came to the list meanwhile is taken for somebody's leavings."""

    keeps_order = False

    def __init__(self, url: str, user: str, token: str, interface: str, public_key: str) -> None:
        self._client = PortalClient(url, user, token, interface)
        self._interface, self._public_key = interface, public_key

    def push(self, read: Read) -> int:
        held = self._client.peers()
        revision, wanted = read()
        converge(self._client, _named(wanted), held)
        return revision

    def holds(self, read: Read) -> bool:
        held = self._client.peers()
        return not differs(self._client, _named(read()[1]), held)

    def look(self) -> tuple[set[str], dict[str, PeerStats]]:
        live = {peer.public_key for peer in self._client.peers() if not peer.disabled}
        return live, self._client.stats() or {}

    def check(self) -> str:
        health = self._client.health()
        if health.public_key != self._public_key:
            raise Misconfigured(f"the portal's {self._interface} has another public key than buyers are told")
        if health.down:
            raise Misconfigured(f"the portal's {self._interface} is switched off")
        return f"{health.enabled} of {health.peers} peers on {self._interface} may connect, wg-portal"

    def close(self) -> None:
        self._client.close()


def way_to(server: VpnServer) -> Way:
    if server.kind == "agent":
        assert server.agent_url
        assert server.agent_secret
        return AgentWay(server.agent_url, server.agent_secret.get_secret_value())
    assert server.portal_url
    assert server.portal_user
    assert server.portal_token
    token = server.portal_token.get_secret_value()
    return PortalWay(server.portal_url, server.portal_user, token, server.portal_interface, server.public_key)


def _named(wanted: Sequence[WantedPeer]) -> list[PortalPeer]:
    return [
        PortalPeer(
            name=f"{PREFIX}{peer.key}",
            public_key=peer.public_key,
            preshared_key=peer.preshared_key,
            addresses=peer.addresses,
            disabled_reason="" if peer.active else SUSPENDED,
        )
        for peer in wanted
    ]
