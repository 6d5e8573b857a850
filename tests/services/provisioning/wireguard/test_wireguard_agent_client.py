"""The client against a server that says exactly what a test tells it to, over a real socket."""

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network

import httpx
import pytest

from services.platform.errors import KioskError
from services.provisioning.provisioners.base import Misconfigured, OutOfStock, Rejected, TryLater
from services.provisioning.wireguard.addresses import addresses
from services.provisioning.wireguard.agent import TIMEOUT, AgentClient, AgentHealth, Peer, PeerStats, StaleRevision
from services.provisioning.wireguard.keys import generate_keypair, generate_preshared_key
from tests.services.provisioning.wireguard.puppet import Puppet

SECRET = "correct horse battery staple"
NETWORKS = IPv4Network("10.66.0.0/22"), IPv6Network("fd42:66::/112")
PEERS = [Peer(generate_keypair().public, generate_preshared_key(), addresses(*NETWORKS, slot)) for slot in (2, 3)]


@pytest.fixture
def client(puppet: Puppet) -> Iterator[AgentClient]:
    agent = AgentClient(puppet.url + "/vpn/de1/", SECRET, httpx.Timeout(0.5))
    yield agent
    agent.close()


def test_a_push_is_the_signed_list(puppet: Puppet, client: AgentClient) -> None:
    puppet.answers(200, b'{"revision": 7, "peers": 2}')
    client.push(7, PEERS)

    head, body = puppet.heard.split(b"\r\n\r\n", 1)
    request, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    stamp = headers["x-kiosk-timestamp"]
    signed = f"PUT\n/peers\n{stamp}\n".encode() + body
    assert request == "PUT /vpn/de1/peers HTTP/1.1"
    assert headers["x-kiosk-signature"] == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert abs(int(stamp) - datetime.now(UTC).timestamp()) < 10  # noqa: TID251 - signatures live in real time
    assert json.loads(body) == {
        "revision": 7,
        "peers": [
            {
                "public_key": peer.public_key,
                "preshared_key": peer.preshared_key,
                "allowed_ips": [f"10.66.0.{slot}/32", f"fd42:66::{slot}/128"],
            }
            for slot, peer in zip((2, 3), PEERS, strict=True)
        ],
    }


def test_health(puppet: Puppet, client: AgentClient) -> None:
    puppet.answers(200, b'{"revision":7,"peers":2,"interface":"wg0","applied":true,"version":"1.0","uptime":5}')

    assert client.health() == AgentHealth(revision=7, peers=2, interface="wg0", applied=True, version="1.0")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b'{"error": "the signature does not fit"}', Misconfigured),
        (401, b"<html>", Misconfigured),
        (403, b"<html>", Misconfigured),
        (404, b"<html>", Misconfigured),
        (301, b"", Misconfigured),
        (413, b'{"error": "too large"}', Rejected),
        (422, b'{"error": "peers[0]: its address belongs to another peer"}', Rejected),
        (422, b"<html>", TryLater),
        (409, b"{}", TryLater),
        (429, b"{}", TryLater),
        (500, b'{"error": "oops"}', TryLater),
        (502, b"<html><h1>Bad Gateway</h1></html>", TryLater),
        (503, b'{"error": "not applied"}', TryLater),
        (200, b"<!doctype html><h1>It works!</h1>", TryLater),
        (200, b"", TryLater),
        (200, b"\xff", TryLater),
        (200, b"[]", TryLater),
        (200, b"{}", TryLater),
        (200, b'{"revision": 6, "peers": 2}', TryLater),
        (200, b'{"revision": 7, "peers": 1}', TryLater),
    ],
)
def test_every_other_answer_is_an_error(
    puppet: Puppet, client: AgentClient, status: int, body: bytes, error: type[KioskError]
) -> None:
    puppet.answers(status, body, "Location: https://elsewhere.example" if status == 301 else "X-Other: 1")

    with pytest.raises(error) as caught:
        client.push(7, PEERS)
    assert PEERS[0].preshared_key not in str(caught.value)
    with pytest.raises(error):
        client.health()


@pytest.mark.parametrize("applied", [7, 12])
def test_a_conflict_tells_the_revision_to_pass(puppet: Puppet, client: AgentClient, applied: int) -> None:
    puppet.answers(409, b'{"error": "a newer revision is kept", "revision": %d}' % applied)

    with pytest.raises(StaleRevision) as caught:
        client.push(7, PEERS)
    assert caught.value.applied == applied


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        None,
    ],
    ids=["cut", "not http", "cut in the middle", "not gzip", "silence"],
)
def test_a_broken_line_is_tried_later(puppet: Puppet, client: AgentClient, script: bytes | None) -> None:
    puppet.script = script

    with pytest.raises(TryLater):
        client.push(7, PEERS)


def test_nobody_there_is_tried_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    agent = AgentClient(f"http://127.0.0.1:{port}", SECRET)

    with pytest.raises(TryLater, match="cannot be reached: ConnectError"):
        agent.health()


@pytest.mark.parametrize(
    "health",
    [
        {"revision": "7"},
        {"applied": 1},
        {"applied": None},
        {"revision": True},
    ],
)
def test_a_health_of_another_shape_is_tried_later(
    puppet: Puppet, client: AgentClient, health: dict[str, object]
) -> None:
    known = {"revision": 7, "peers": 2, "interface": "wg0", "applied": True, "version": "1.0"}
    puppet.answers(200, json.dumps(known | health).encode())

    with pytest.raises(TryLater, match="unknown shape"):
        client.health()


def test_stats_are_by_public_key(puppet: Puppet, client: AgentClient) -> None:
    rows = {
        PEERS[0].public_key: {"latest_handshake": 1790000000, "rx": 5, "tx": 2**60, "endpoint": "ignored"},
        PEERS[1].public_key: {"latest_handshake": 0, "rx": 0, "tx": 0},
    }
    puppet.answers(200, json.dumps({"peers": rows}).encode())

    seen = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert client.stats() == {
        PEERS[0].public_key: PeerStats(latest_handshake=seen, rx=5, tx=2**60),
        PEERS[1].public_key: PeerStats(latest_handshake=None, rx=0, tx=0),
    }
    assert puppet.heard.startswith(b"GET /vpn/de1/stats HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"peers": []},
        {"peers": {"key": None}},
        {"peers": {"key": {"rx": 1, "tx": 1}}},
        {"peers": {"key": {"latest_handshake": 0, "rx": "1", "tx": 1}}},
        {"peers": {"key": {"latest_handshake": 0, "rx": -1, "tx": 1}}},
        {"peers": {"key": {"latest_handshake": 10**20, "rx": 1, "tx": 1}}},
    ],
)
def test_stats_of_another_shape_are_tried_later(puppet: Puppet, client: AgentClient, answer: dict[str, object]) -> None:
    puppet.answers(200, json.dumps(answer).encode())

    with pytest.raises(TryLater):
        client.stats()


def test_it_waits_3_seconds_to_connect_and_10_to_read() -> None:
    assert (TIMEOUT.connect, TIMEOUT.read) == (3, 10)


def test_a_peer_hides_its_preshared_key() -> None:
    assert PEERS[0].preshared_key not in repr(PEERS[0])


def test_errors_have_codes_of_their_own() -> None:
    assert len({kind.code for kind in (Misconfigured, OutOfStock, Rejected, TryLater, StaleRevision, KioskError)}) == 6
