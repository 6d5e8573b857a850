"""The stand-in VPN servers, through Kiosk's own client: the whole road to the real agent and back."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from apps.sandbox.server import server
from apps.sandbox.vpn import create_app
from services.provisioning.provisioners.base import Misconfigured, TryLater
from services.provisioning.wireguard.addresses import addresses
from services.provisioning.wireguard.agent import AgentClient, Peer, StaleRevision
from services.provisioning.wireguard.keys import generate_keypair, generate_preshared_key

SECRET = "secret of the sandbox"
NETWORKS = IPv4Network("10.66.0.0/22"), IPv6Network("fd42:66::/112")
ALICE, BOB = (Peer(generate_keypair().public, generate_preshared_key(), addresses(*NETWORKS, slot)) for slot in (2, 3))


@contextmanager
def running(directory: Path) -> Iterator[str]:
    """The world's URL. Mounted as the sandbox mounts it, under the sandbox's own server."""
    vpn = create_app(directory, secret=SECRET)
    world = Starlette(routes=[Mount("/vpn", vpn)], lifespan=vpn.router.lifespan_context)
    listening = socket.create_server(("127.0.0.1", 0))
    uvicorn = server(world, port=0)
    thread = threading.Thread(target=lambda: asyncio.run(uvicorn.serve([listening])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/vpn"
    finally:
        uvicorn.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[str]:
    with running(tmp_path / "vpn") as url:
        yield url


Connect = Callable[..., AgentClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    clients: list[AgentClient] = []

    def connect_to(url: str, code: str = "de1", secret: str = SECRET, read: float = 10) -> AgentClient:
        clients.append(AgentClient(f"{url}/{code}", secret, httpx.Timeout(read)))
        return clients[-1]

    yield connect_to
    for client in clients:
        client.close()


def kept(world: str, code: str = "de1") -> list[str]:
    return [peer["public_key"] for peer in httpx.get(f"{world}/{code}/peers.json").json()["peers"]]


def order(world: str, **fault: object) -> httpx.Response:
    return httpx.post(f"{world}/faults", json=fault)


def test_each_server_keeps_its_own_list(world: str, connect: Connect) -> None:
    connect(world, "de1").push(1, [ALICE, BOB])
    connect(world, "nl1").push(5, [BOB])

    assert kept(world, "de1") == [ALICE.public_key, BOB.public_key]
    assert kept(world, "nl1") == [BOB.public_key]
    health = connect(world, "nl1").health()
    assert (health.revision, health.peers, health.interface, health.applied) == (5, 1, "wg0", True)


def test_peers_json_tells_everything_and_since_when(world: str, connect: Connect) -> None:
    connect(world).push(1, [ALICE])
    first = httpx.get(f"{world}/de1/peers.json").json()
    connect(world).push(2, [ALICE, BOB])
    second = httpx.get(f"{world}/de1/peers.json").json()

    assert (first["revision"], second["revision"]) == (1, 2)
    assert second["peers"][0] == first["peers"][0]
    assert datetime.fromisoformat(first["peers"][0].pop("since")).tzinfo is not None
    assert first["peers"][0] == {
        "public_key": ALICE.public_key,
        "preshared_key": ALICE.preshared_key,
        "allowed_ips": ["10.66.0.2/32", "fd42:66::2/128"],
    }


def test_the_real_agent_refuses_strangers_and_old_revisions(world: str, connect: Connect) -> None:
    connect(world).push(3, [ALICE])

    with pytest.raises(Misconfigured):
        connect(world, secret="another secret altogether").push(4, [])
    with pytest.raises(StaleRevision) as stale:
        connect(world).push(2, [])
    assert stale.value.applied == 3
    assert kept(world) == [ALICE.public_key]


def test_the_state_and_the_keys_survive_a_restart(tmp_path: Path, connect: Connect) -> None:
    with running(tmp_path) as world:
        connect(world).push(3, [ALICE])
        before = [httpx.get(f"{world}/de1/{page}.json").json() for page in ("peers", "server")]
    with running(tmp_path) as world:
        assert connect(world).health().revision == 3
        assert [httpx.get(f"{world}/de1/{page}.json").json() for page in ("peers", "server")] == before


def test_servers_have_different_keys(world: str) -> None:
    keys = {httpx.get(f"{world}/{code}/server.json").json()["public_key"] for code in ("de1", "nl1")}

    assert sorted(len(key) for key in keys) == [44, 44]


def test_other_servers_do_not_exist(world: str, connect: Connect) -> None:
    with pytest.raises(Misconfigured):
        connect(world, "us1").health()
    assert httpx.get(f"{world}/us1/peers.json").status_code == 404


@pytest.mark.parametrize(
    ("mode", "done"),
    [("down", False), ("500", False), ("html", False), ("500_after", True), ("dropped_after", True), ("slow", True)],
)
def test_a_fault_costs_one_try_and_nothing_else(world: str, connect: Connect, mode: str, done: bool) -> None:
    client = connect(world, read=1)
    client.push(1, [ALICE])
    order(world, mode=mode, times=1, delay=2)

    with pytest.raises(TryLater):
        client.push(2, [ALICE, BOB])
    assert kept(world) == [ALICE.public_key, *([BOB.public_key] if done else [])]

    client.push(2, [ALICE, BOB])
    assert kept(world) == [ALICE.public_key, BOB.public_key]


def test_counters_are_set_by_hand_and_begin_anew_when_a_peer_comes_back(world: str, connect: Connect) -> None:
    client = connect(world)
    client.push(1, [ALICE, BOB])
    carried = {"public_key": ALICE.public_key, "rx": 5, "tx": 7, "latest_handshake": 1790000000}
    assert httpx.post(f"{world}/de1/traffic", json=carried).status_code == 200
    assert [(row.rx, row.tx) for row in client.stats().values()] == [(5, 7), (0, 0)]

    client.push(2, [BOB])
    client.push(3, [ALICE, BOB])
    assert [(row.rx, row.tx) for row in client.stats().values()] == [(0, 0), (0, 0)]


def test_a_reinstalled_server_knows_nobody(world: str, connect: Connect) -> None:
    client = connect(world)
    client.push(7, [ALICE, BOB])
    httpx.post(f"{world}/de1/reinstall")

    assert (client.health().revision, kept(world)) == (0, [])
    client.push(1, [BOB])
    assert kept(world) == [BOB.public_key]


def test_a_fault_without_times_lasts_until_it_is_ended(world: str, connect: Connect) -> None:
    client = connect(world)
    assert order(world, mode="down").json() == {"mode": "down", "times": None, "delay": 15.0}
    for _ in range(3):
        with pytest.raises(TryLater):
            client.health()
    assert httpx.get(f"{world}/faults").json()["mode"] == "down"

    assert httpx.delete(f"{world}/faults").json() == {"mode": None}
    assert client.health().revision == 0


@pytest.mark.parametrize(
    "fault",
    [{}, {"mode": "up"}, {"mode": "down", "times": 0}, {"mode": "down", "delay": -1}, {"mode": "down", "x": 1}],
)
def test_a_fault_must_make_sense(world: str, fault: dict[str, object]) -> None:
    assert order(world, **fault).status_code == 400
    assert httpx.get(f"{world}/faults").json() == {"mode": None}


def test_twenty_pushes_at_once_end_with_the_newest(world: str, connect: Connect) -> None:
    client = connect(world)

    def push(revision: int) -> int:
        """The revision which the agent keeps afterwards."""
        try:
            client.push(revision, [ALICE, BOB][: 1 + revision % 2])
        except StaleRevision as stale:
            return stale.applied
        return revision

    with ThreadPoolExecutor(20) as pool:
        after = list(pool.map(push, range(1, 21)))

    assert all(applied >= revision for revision, applied in enumerate(after, start=1))
    assert (client.health().revision, kept(world)) == (20, [ALICE.public_key])


def test_the_page_shows_servers_peers_and_the_fault(world: str, connect: Connect) -> None:
    empty = httpx.get(f"{world}/").text
    connect(world).push(4, [ALICE, BOB])
    order(world, mode="slow")
    page = httpx.get(f"{world}/").text

    assert empty.count("No peers yet.") == 2
    assert page.count("No peers yet.") == 1
    assert "revision 4 · 2 peers" in page
    assert f"{ALICE.public_key[:10]}…" in page
    assert "10.66.0.2/32<br>fd42:66::2/128" in page
    assert 'data-mode="slow" title="done at once, the answer comes late" aria-pressed="true"' in page
    assert not [peer for peer in (ALICE, BOB) if peer.preshared_key in page or peer.public_key in page]
