"""The agent and a real interface: a tunnel is there exactly as long as the list says so."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from services.provisioning.wireguard.addresses import addresses
from services.provisioning.wireguard.agent import AgentClient, Peer
from services.provisioning.wireguard.keys import generate_keypair, generate_preshared_key
from tests.apps.agent.running_agent import SECRET, RunningAgent, Start, peer
from tests.apps.agent.tunnels import (
    NETWORKS,
    PATH,
    SERVER4,
    SERVER6,
    Buyer,
    Conversation,
    Host,
    missing,
    peers_of,
    run,
    until,
    wire_up,
)

pytestmark = pytest.mark.process

Hosts = tuple[Host, Buyer, Buyer]


@pytest.fixture(scope="module")
def possible() -> None:
    if why := missing():
        pytest.skip(f"no real tunnels: {why}")


@pytest.fixture
def hosts(possible: None) -> Iterator[Hosts]:
    """A server, and Alice and Bob who have the files for slots 2 and 3."""
    server, alice, bob = Host("s"), Host("a"), Host("b")
    try:
        wire_up(server, (alice, bob))
        yield server, Buyer(alice, server, 2, "192.0.2.5:51820"), Buyer(bob, server, 3, "192.0.2.9:51820")
    finally:
        for host in (server, alice, bob):
            host.remove()


@pytest.fixture
def agent(hosts: Hosts, start: Start, tmp_path: Path) -> RunningAgent:
    hosts[0].start_server(tmp_path / "private")
    return start("--interface", hosts[0].name, "--every", "0.1", env=PATH)


@pytest.fixture
def client(agent: RunningAgent) -> Iterator[AgentClient]:
    client = AgentClient(f"http://127.0.0.1:{agent.port}", SECRET)
    yield client
    client.close()


def test_a_tunnel_lives_and_dies_with_the_list(
    hosts: Hosts, agent: RunningAgent, client: AgentClient, tmp_path: Path
) -> None:
    server, alice, bob = hosts

    assert agent.put(1, [alice.peer(), bob.peer()]).status_code == 200
    for buyer in (alice, bob):
        buyer.join(tmp_path)
        for address in (SERVER4, SERVER6):
            until(partial(buyer.reaches, address))
    before = client.stats()
    assert before[alice.keys.public].latest_handshake is not None
    assert before[bob.keys.public].rx > 0 < before[bob.keys.public].tx

    assert agent.put(2, [alice.peer()]).status_code == 200
    assert not bob.reaches()
    until(alice.reaches)
    after = client.stats()
    assert list(after) == [alice.keys.public]
    assert after[alice.keys.public].latest_handshake == before[alice.keys.public].latest_handshake
    assert after[alice.keys.public].rx > before[alice.keys.public].rx

    assert run("wg", "show", server.name, "public-key").strip() == server.keys.public
    assert run("wg", "show", server.name, "listen-port").strip() == "51820"
    assert run("wg", "show", server.name, "fwmark").strip() == "0x2a"


def test_the_whole_file_is_understood(hosts: Hosts, agent: RunningAgent, tmp_path: Path) -> None:
    """Not only the tunnel comes up: all traffic goes into it, the resolvers are set, and it goes away cleanly."""
    _server, alice, _bob = hosts
    assert agent.put(1, [alice.peer()]).status_code == 200
    alice.join(tmp_path)

    link = alice.host.run("ip", "-o", "link", "show", alice.interface)
    assert "mtu 1280" in link
    for family, network in (("-4", "203.0.113.1"), ("-6", "2001:db8::1")):
        assert f"dev {alice.interface}" in alice.host.run("ip", family, "route", "get", network)
    said = (tmp_path / "resolvconf.said").read_text().split()
    assert said == ["nameserver", "1.1.1.1", "nameserver", "2606:4700:4700::1111"]
    assert run("wg", "show", alice.interface, "persistent-keepalive").split() == [hosts[0].keys.public, "25"]

    alice.leave(tmp_path)
    assert not alice.reaches()


def test_a_suspended_buyer_is_cut_and_comes_back_with_the_same_file(
    hosts: Hosts, agent: RunningAgent, tmp_path: Path
) -> None:
    _server, alice, bob = hosts
    agent.put(1, [alice.peer(), bob.peer()])
    alice.join(tmp_path)
    until(alice.reaches)

    assert agent.put(2, [bob.peer()]).status_code == 200
    assert not alice.reaches()
    assert agent.put(3, [alice.peer(), bob.peer()]).status_code == 200
    until(alice.reaches)


def test_new_keys_on_the_same_address_end_the_old_ones(hosts: Hosts, agent: RunningAgent, tmp_path: Path) -> None:
    server, alice, bob = hosts
    agent.put(1, [alice.peer()])
    alice.join(tmp_path)
    until(alice.reaches)

    rotated = Buyer(bob.host, server, alice.slot, bob.endpoint)  # the same person's other device has the new file
    assert agent.put(2, [rotated.peer()]).status_code == 200
    rotated.join(tmp_path)

    until(rotated.reaches)
    assert not alice.reaches(), "the old file still opens the tunnel"
    assert peers_of(server) == [rotated.keys.public]
    assert agent.put(2, [rotated.peer()]).status_code == 200
    until(rotated.reaches)


def test_two_thousand_peers_come_and_go_and_nobody_notices(
    hosts: Hosts, agent: RunningAgent, client: AgentClient, tmp_path: Path
) -> None:
    server, alice, _bob = hosts
    first = Peer(alice.keys.public, alice.preshared, addresses(*NETWORKS, alice.slot))
    # Real key pairs would only cost time: what arrives is checked as 32 bytes.
    crowd = [Peer(generate_preshared_key(), generate_preshared_key(), addresses(*NETWORKS, n)) for n in range(3, 2003)]
    client.push(1, [first])
    alice.join(tmp_path)
    conversation = Conversation(alice, server)
    try:
        assert conversation.goes_on()
        handshake = client.stats()[first.public_key].latest_handshake

        for revision, wanted in enumerate(([first, *crowd], [*crowd[::2], first], [first]), start=2):
            client.push(revision, wanted)
            assert sorted(peers_of(server)) == sorted(peer.public_key for peer in wanted)
            assert len(client.stats()) == client.health().peers == len(wanted)
            assert conversation.goes_on()
        assert client.stats()[first.public_key].latest_handshake == handshake, "the session was made anew"
    finally:
        conversation.end()


def test_what_the_interface_loses_comes_back(hosts: Hosts, agent: RunningAgent, start: Start, tmp_path: Path) -> None:
    server, alice, _bob = hosts
    stranger = generate_keypair().public
    assert agent.put(1, [alice.peer()]).status_code == 200
    alice.join(tmp_path)

    run("wg", "set", server.name, "peer", stranger, "allowed-ips", "10.66.0.2/32")  # taken from Alice
    until(lambda: peers_of(server) == [alice.keys.public])
    until(alice.reaches)

    agent.kill()
    run("wg", "set", server.name, "peer", alice.keys.public, "remove")
    start("--interface", server.name, env=PATH)
    assert peers_of(server) == [alice.keys.public]


def test_an_interface_without_a_key_is_not_touched(hosts: Hosts, start: Start) -> None:
    server = hosts[0]
    server.start_interface()
    answer = start("--interface", server.name, env=PATH).put(1, [])
    assert answer.status_code == 200, "an empty list is what it holds"

    answer = start("--interface", server.name, env=PATH).put(2, [peer(2)])
    assert (answer.status_code, "no private key" in answer.json()["error"]) == (503, True)
    assert peers_of(server) == []


def test_an_interface_which_is_not_there(possible: None, start: Start) -> None:
    agent = start("--interface", "nope", env=PATH)

    assert agent.put(1, [peer(2)]).status_code == 503
    assert agent.health()["applied"] is False
