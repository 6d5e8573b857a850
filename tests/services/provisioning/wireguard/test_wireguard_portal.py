"""The portal's client against its stand-in and, for answers nobody plays, against a puppet."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import httpx
import pytest

from apps.sandbox.wgportal import interface_key
from services.platform.errors import KioskError
from services.provisioning.provisioners.base import Misconfigured, Rejected, TryLater
from services.provisioning.wireguard import portal_list
from services.provisioning.wireguard.addresses import addresses
from services.provisioning.wireguard.agent import PeerStats
from services.provisioning.wireguard.keys import generate_keypair, generate_preshared_key
from services.provisioning.wireguard.portal import NO_KEY, PortalClient, PortalPeer
from tests.services.provisioning.wireguard.conftest import TOKEN
from tests.services.provisioning.wireguard.puppet import Puppet

NETWORKS = IPv4Network("10.68.0.0/22"), IPv6Network("fd42:68::/112")
Connect = Callable[..., PortalClient]


def made(slot: int, disabled_reason: str = "") -> PortalPeer:
    return PortalPeer(
        f"kiosk-k{slot}",
        generate_keypair().public,
        generate_preshared_key(),
        addresses(*NETWORKS, slot),
        disabled_reason,
    )


def suspended(peer: PortalPeer) -> PortalPeer:
    return PortalPeer(peer.name, peer.public_key, peer.preshared_key, peer.addresses, "suspended by Kiosk")


@pytest.fixture
def connect() -> Iterator[Connect]:
    clients: list[PortalClient] = []

    def connect_to(url: str, user: str = "kiosk", token: str = TOKEN, interface: str = "wg0", read: float = 10) -> Any:
        clients.append(PortalClient(url, user, token, interface, httpx.Timeout(read)))
        return clients[-1]

    yield connect_to
    for client in clients:
        client.close()


@pytest.fixture
def portal(portal_url: str, connect: Connect) -> PortalClient:
    return connect(portal_url)


def converge(portal: PortalClient, wanted: list[PortalPeer]) -> None:
    portal_list.converge(portal, wanted, portal.peers())


def differs(portal: PortalClient, wanted: list[PortalPeer]) -> bool:
    return portal_list.differs(portal, wanted, portal.peers())


def held(url: str) -> dict[str, dict[str, Any]]:
    return {peer["Identifier"]: peer for peer in httpx.get(f"{url}/peers.json").json()["peers"]}


def order(url: str, **fault: object) -> None:
    assert httpx.post(f"{url}/faults", json=fault).status_code == 200


def by_hand(url: str, **peer: object) -> None:
    assert httpx.put(f"{url}/by-hand", json=peer).status_code == 200


def test_a_peer_as_the_portal_gets_it(portal_url: str, portal: PortalClient) -> None:
    peer = made(2)
    portal.create(peer)

    (sent,) = held(portal_url).values()
    del sent["saved"], sent["ExtraAllowedIPs"]
    assert sent == {
        "Identifier": peer.public_key,
        "PublicKey": peer.public_key,
        "PrivateKey": NO_KEY,
        "PresharedKey": peer.preshared_key,
        "DisplayName": "kiosk-k2",
        "UserIdentifier": "kiosk",
        "InterfaceIdentifier": "wg0",
        "Mode": "client",
        "Addresses": ["10.68.0.2/32", "fd42:68::2/128"],
        "Disabled": False,
        "DisabledReason": "",
        "Notes": "Kept by Kiosk, which undoes changes made here.",
    }


def test_it_asks_for_exactly_this(puppet: Puppet, connect: Connect) -> None:
    """The one key in 50 with a slash and a plus in it must not become a path of its own."""
    key = "+/" + "A" * 41 + "="
    puppet.answers(200, b"{}")
    with pytest.raises(TryLater):
        connect(f"{puppet.url}/portal/", token="top secret").find(key)

    assert puppet.heard.startswith(b"GET /portal/api/v1/peer/by-id/%2B%2F" + b"A" * 41 + b"%3D HTTP/1.1\r\n")
    assert b"authorization: basic a2lvc2s6dg9wihnly3jlda==" in puppet.heard.lower()


def test_creating_twice_is_once(portal_url: str, portal: PortalClient) -> None:
    peer = made(2)
    portal.create(peer)
    portal.create(suspended(peer))

    assert [row["DisabledReason"] for row in held(portal_url).values()] == ["suspended by Kiosk"]


def test_suspend_and_resume_keep_the_key(portal_url: str, portal: PortalClient) -> None:
    peer = made(2)
    converge(portal, [peer])
    converge(portal, [suspended(peer)])
    assert httpx.get(f"{portal_url}/routes.json").json() == {}
    converge(portal, [peer])

    assert set(httpx.get(f"{portal_url}/routes.json").json().values()) == {peer.public_key}


def test_deleting_what_is_gone_is_done(portal: PortalClient) -> None:
    peer = made(2)
    portal.create(peer)
    portal.delete(peer.public_key)
    portal.delete(peer.public_key)

    assert portal.find(peer.public_key) is None


def test_health_names_the_interface(portal: PortalClient) -> None:
    converge(portal, [made(2), suspended(made(3))])
    health = portal.health()

    assert (health.public_key, health.peers, health.enabled, health.down) == (interface_key("wg0"), 2, 1, False)


def test_only_what_differs_is_sent(portal_url: str, portal: PortalClient) -> None:
    peers = [made(slot) for slot in range(2, 6)]
    converge(portal, peers)
    saved = {key: peer["saved"] for key, peer in held(portal_url).items()}

    converge(portal, [*peers[:3], suspended(peers[3])])

    again = {key: peer["saved"] for key, peer in held(portal_url).items()}
    assert [key for key in saved if saved[key] != again[key]] == [peers[3].public_key]
    assert not differs(portal, [*peers[:3], suspended(peers[3])])


def test_new_keys_on_an_address_put_an_end_to_the_old(portal_url: str, portal: PortalClient) -> None:
    old, new = made(2), made(2)
    converge(portal, [old])
    converge(portal, [new])

    assert list(held(portal_url)) == [new.public_key]
    assert set(httpx.get(f"{portal_url}/routes.json").json().values()) == {new.public_key}


@pytest.mark.parametrize(
    "change",
    [
        {"Addresses": ["10.68.0.99/32"]},
        {"Disabled": True, "DisabledReason": "by hand"},
        {"ExpiresAt": "2026-01-01"},
        {"PresharedKey": ""},
        {"UserIdentifier": "somebody"},
        {"DisplayName": "renamed"},
    ],
)
def test_what_was_changed_by_hand_is_undone(portal_url: str, portal: PortalClient, change: dict[str, object]) -> None:
    peer = made(2)
    converge(portal, [peer])
    by_hand(portal_url, Identifier=peer.public_key, **change)

    assert differs(portal, [peer])
    converge(portal, [peer])
    assert not differs(portal, [peer])
    assert set(httpx.get(f"{portal_url}/routes.json").json().values()) == {peer.public_key}


def stranger(url: str, **how: object) -> str:
    key = generate_keypair().public
    mine = {"Identifier": key, "PublicKey": key, "PrivateKey": NO_KEY, "InterfaceIdentifier": "wg0"}
    by_hand(url, **mine, **how)
    return key


@pytest.mark.parametrize(
    "who",
    [
        {"UserIdentifier": "kiosk", "DisplayName": "My phone"},
        {"UserIdentifier": "boss", "DisplayName": "kiosk-k9"},
        {"UserIdentifier": "", "DisplayName": ""},
    ],
)
def test_other_peoples_peers_are_left_alone(portal_url: str, portal: PortalClient, who: dict[str, object]) -> None:
    key = stranger(portal_url, Addresses=["10.68.3.7/22"], **who)
    peer = made(2)
    converge(portal, [peer])
    converge(portal, [])

    assert list(held(portal_url)) == [key]
    assert not differs(portal, [])


def test_an_address_of_somebody_else_is_not_taken_from_them(portal_url: str, portal: PortalClient) -> None:
    """WireGuard would give it to the later one, without a word."""
    key = stranger(portal_url, DisplayName="My phone", Addresses=["10.68.0.2/22"])

    with pytest.raises(Misconfigured, match=r"10\.68\.0\.2/32 is taken"):
        converge(portal, [made(2)])
    assert httpx.get(f"{portal_url}/routes.json").json() == {"10.68.0.2/32": key}


@pytest.mark.parametrize("mode", ["down", "500", "html", "500_after", "dropped_after", "slow"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_fault_at_any_request_is_tried_later_and_then_right(
    portal_url: str, connect: Connect, mode: str, after: int
) -> None:
    old, stays, new = made(2), made(3), made(2)
    converge(connect(portal_url), [old, stays])
    is_slow = mode == "slow"  # a machine that is slow by itself must not look so in the others
    portal = connect(portal_url, read=0.5 if is_slow else 10)
    requests = iter(range(100))
    call = portal._call

    def counted(*arguments: Any, **named: Any) -> Any:
        if next(requests) == after:
            order(portal_url, mode=mode, times=1, delay=2 if is_slow else 0)
        return call(*arguments, **named)

    portal._call = counted  # type: ignore[method-assign]
    with pytest.raises(TryLater):
        converge(portal, [new, stays])
    converge(connect(portal_url, read=10), [new, stays])

    assert set(held(portal_url)) == {new.public_key, stays.public_key}
    assert set(httpx.get(f"{portal_url}/routes.json").json().values()) == {new.public_key, stays.public_key}


def test_statistics_of_all_in_one_request(portal_url: str, portal: PortalClient) -> None:
    anna, boris = made(2), made(3)
    converge(portal, [anna, boris])
    numbers = {"BytesReceived": 7, "BytesTransmitted": 2**60}
    httpx.post(f"{portal_url}/traffic", json={"PeerIdentifier": boris.public_key, **numbers})
    httpx.post(
        f"{portal_url}/traffic",
        json={"PeerIdentifier": anna.public_key, **numbers, "LastHandshake": "2026-11-21T11:59:00.5Z"},
    )

    seen = datetime(2026, 11, 21, 11, 59, 0, 500000, tzinfo=UTC)
    assert portal.stats() == {
        anna.public_key: PeerStats(seen, 7, 2**60),
        boris.public_key: PeerStats(None, 7, 2**60),
    }
    assert portal.stats_of(anna.public_key) == PeerStats(seen, 7, 2**60)
    assert portal.stats_of(made(4).public_key) is None


def test_a_portal_without_statistics_says_nothing_of_usage(portal_url: str, portal: PortalClient) -> None:
    converge(portal, [made(2)])
    httpx.post(f"{portal_url}/statistics", json={"on": False})

    assert portal.stats() is None
    assert portal.stats_of(made(2).public_key) is None


@pytest.mark.parametrize(
    "how", [{"token": "wrong"}, {"user": "nobody"}, {"user": "viewer"}, {"interface": "wg7"}], ids=str
)
def test_what_an_operator_must_mend(portal_url: str, connect: Connect, how: dict[str, str]) -> None:
    with pytest.raises(Misconfigured):
        connect(portal_url, **how).health()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b'{"Code":401,"Message":"invalid credentials"}', Misconfigured),
        (403, b"<html>", Misconfigured),
        (404, b"<html>", Misconfigured),
        (404, b"404 page not found", Misconfigured),
        (404, b'{"detail":"Not Found"}', Misconfigured),
        (301, b"", Misconfigured),
        (400, b'{"Code":400,"Message":"creation not allowed"}', Rejected),
        (400, b"<html>", TryLater),
        (409, b"{}", TryLater),
        (429, b"", TryLater),
        (500, b'{"Code":500,"Message":"database is locked"}', TryLater),
        (502, b"<html><h1>Bad Gateway</h1></html>", TryLater),
        (200, b"<!doctype html><h1>It works!</h1>", TryLater),
        (200, b"", TryLater),
        (200, b"[]", TryLater),
        (200, b"{}", TryLater),
        (200, b"null", TryLater),
    ],
)
def test_every_other_answer_is_an_error(
    puppet: Puppet, connect: Connect, status: int, body: bytes, error: type[KioskError]
) -> None:
    puppet.answers(status, body, "Location: https://elsewhere.example" if status == 301 else "X-Other: 1")
    portal, peer = connect(puppet.url), made(2)

    with pytest.raises(error) as caught:
        portal.create(peer)
    assert peer.preshared_key not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    if body != b"[]":
        with pytest.raises(error):
            portal.peers()


def test_a_refusal_which_quotes_a_key_does_not_repeat_it(puppet: Puppet, connect: Connect) -> None:
    peer = made(2)
    puppet.answers(400, json.dumps({"Code": 400, "Message": f"bad key {peer.preshared_key}"}).encode())

    with pytest.raises(Rejected, match="bad key <key>"):
        connect(puppet.url).create(peer)


@pytest.mark.parametrize(
    "change",
    [
        {"Identifier": None},
        {"PresharedKey": 5},
        {"Addresses": "10.68.0.2/32"},
        {"Addresses": ["somewhere"]},
        {"Disabled": True},
        {"ExpiresAt": "2026-12-01"},
        {"Addresses": ["10.68.0.3/32", "fd42:68::2/128"]},
    ],
)
def test_a_confirmation_of_something_else_is_none(puppet: Puppet, connect: Connect, change: dict[str, object]) -> None:
    peer = made(2)
    right = {
        "Identifier": peer.public_key,
        "DisplayName": peer.name,
        "UserIdentifier": "kiosk",
        "PresharedKey": peer.preshared_key,
        "Addresses": [str(address) for address in peer.addresses],
        "Disabled": False,
        "SomethingNew": {},
    }
    puppet.answers(200, json.dumps(right).encode())
    connect(puppet.url).create(peer)

    puppet.answers(200, json.dumps(right | change).encode())
    with pytest.raises(TryLater):
        connect(puppet.url).create(peer)


@pytest.mark.parametrize("script", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", None], ids=["cut", "not http", "silence"])
def test_a_broken_line_to_the_portal_is_tried_later(puppet: Puppet, connect: Connect, script: bytes | None) -> None:
    puppet.script = script

    with pytest.raises(TryLater):
        connect(puppet.url, read=0.3).peers()


def test_the_stand_in_shows_its_peers_without_secrets(portal_url: str, portal: PortalClient) -> None:
    peer = made(2)
    portal.create(suspended(peer))
    page = httpx.get(f"{portal_url}/").text

    assert "kiosk-k2" in page
    assert "suspended by Kiosk" in page
    assert peer.preshared_key not in page


def test_secrets_stay_out_of_what_is_printed(portal: PortalClient) -> None:
    peer = made(2)
    portal.create(peer)

    assert peer.preshared_key not in f"{peer!r} {portal.peers()!r} {portal!r}"
