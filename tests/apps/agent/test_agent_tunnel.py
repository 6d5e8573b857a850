"""A real tunnel: a server and two buyers in network namespaces of their own, with WireGuard in userspace."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from uuid import uuid4

import pytest

from services.provisioning.wireguard.addresses import addresses
from services.provisioning.wireguard.config_file import render
from services.provisioning.wireguard.keys import KeyPair, generate_keypair, generate_preshared_key
from tests.apps.agent.running_agent import RunningAgent, Start, peer

PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
TOOLS = ("wg", "wg-quick", "wireguard-go", "ip", "ping")
NETWORKS = IPv4Network("10.66.0.0/24"), IPv6Network("fd42:66::/112")
SERVER4, SERVER6 = (str(address.ip) for address in addresses(*NETWORKS, 1))

pytestmark = pytest.mark.process


def run(*command: str, given: str = "") -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


@dataclass
class Host:
    """A network namespace with one WireGuard interface. Interface names are unique: their sockets share a folder."""

    role: str
    keys: KeyPair = field(default_factory=generate_keypair)
    name: str = field(init=False)
    daemon: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.name = f"kt{uuid4().hex[:6]}{self.role}"

    def run(self, *command: str) -> str:
        return run("ip", "netns", "exec", self.name, *command)

    def start_wireguard(self) -> None:
        command = ["ip", "netns", "exec", self.name, "wireguard-go", "-f", self.name]
        self.daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        socket = Path("/var/run/wireguard", f"{self.name}.sock")
        until(socket.exists)

    def address(self, slot: int) -> None:
        for address in addresses(*NETWORKS, slot):
            self.run(
                "ip", "address", "add", str(address), "dev", self.name, *(["nodad"] if address.version == 6 else [])
            )
        self.run("ip", "link", "set", self.name, "mtu", "1280", "up")
        for network in NETWORKS:
            self.run("ip", "route", "add", str(network), "dev", self.name)

    def remove(self) -> None:
        if self.daemon is not None:
            self.daemon.terminate()
            self.daemon.wait(timeout=10)
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True)


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host, Host]]:
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        pytest.skip(f"not installed: {', '.join(missing)} (apt: wireguard-tools wireguard-go iproute2 iputils-ping)")
    server, alice, bob = (Host("s"), Host("a"), Host("b"))
    try:
        _wire_up(server, alice, bob)
        yield server, alice, bob
    finally:
        for host in (server, alice, bob):
            host.remove()


def _wire_up(server: Host, *clients: Host) -> None:
    for host in (server, *clients):
        made = subprocess.run(["ip", "netns", "add", host.name], capture_output=True, text=True)
        if made.returncode or not Path("/dev/net/tun").exists():
            pytest.skip(f"no network namespaces or no /dev/net/tun on this machine: {made.stderr.strip()}")
    for number, client in enumerate(clients, start=1):
        outer, inner = f"{server.name}{number}", f"{client.name}0"
        run("ip", "link", "add", outer, "netns", server.name, "type", "veth", "peer", inner, "netns", client.name)
        for host, link, last in ((server, outer, 1), (client, inner, 2)):
            host.run("ip", "address", "add", f"192.0.2.{4 * number + last}/30", "dev", link)
            host.run("ip", "link", "set", link, "up")
    for host in (server, *clients):
        host.start_wireguard()


@pytest.fixture
def agent(hosts: tuple[Host, Host, Host], start: Start, tmp_path: Path) -> RunningAgent:
    """The server's interface as wg-quick leaves it, and its agent."""
    server = hosts[0]
    (tmp_path / "private").write_text(server.keys.private)
    (tmp_path / "private").chmod(0o600)
    run("wg", "set", server.name, "private-key", str(tmp_path / "private"), "listen-port", "51820", "fwmark", "0x2a")
    server.address(1)
    return start("--interface", server.name, "--every", "0.1", env=PATH)


@dataclass
class Buyer:
    """A client host with the very file that Kiosk sends."""

    host: Host
    server: Host
    slot: int
    endpoint: str
    preshared: str = field(default_factory=generate_preshared_key)

    def peer(self) -> dict[str, object]:
        return {
            "public_key": self.host.keys.public,
            "preshared_key": self.preshared,
            "allowed_ips": [str(address) for address in addresses(*NETWORKS, self.slot)],
        }

    def join(self, directory: Path) -> None:
        """After the server knows the buyer: an unanswered handshake is repeated only 5 seconds later."""
        file = directory / f"{self.host.name}.conf"
        text = render(
            private_key=self.host.keys.private,
            addresses=addresses(*NETWORKS, self.slot),
            dns="1.1.1.1",
            server_public_key=self.server.keys.public,
            preshared_key=self.preshared,
            endpoint=self.endpoint,
        )
        file.touch(mode=0o600)
        file.write_text(text)
        plain = directory / f"{self.host.name}.plain"
        plain.write_text(run("wg-quick", "strip", str(file)))
        self.host.run("wg", "setconf", self.host.name, str(plain))
        self.host.address(self.slot)

    def reaches(self, address: str) -> bool:
        ping = ["ip", "netns", "exec", self.host.name, "ping", "-n", "-q", "-c", "1", "-W", "2", address]
        return subprocess.run(ping, capture_output=True, timeout=10).returncode == 0


def test_a_tunnel_lives_and_dies_with_the_list(
    hosts: tuple[Host, Host, Host], agent: RunningAgent, tmp_path: Path
) -> None:
    server = hosts[0]
    alice = Buyer(hosts[1], server, 2, "192.0.2.5:51820")
    bob = Buyer(hosts[2], server, 3, "192.0.2.9:51820")

    assert agent.put(1, [alice.peer(), bob.peer()]).status_code == 200
    for buyer in (alice, bob):
        buyer.join(tmp_path)
        assert (buyer.reaches(SERVER4), buyer.reaches(SERVER6)) == (True, True)
    before = agent.send("GET", "/stats").json()["peers"]
    assert before[alice.host.keys.public]["latest_handshake"] > 0
    assert before[bob.host.keys.public]["rx"] > 0

    assert agent.put(2, [alice.peer()]).status_code == 200
    assert not bob.reaches(SERVER4)
    assert alice.reaches(SERVER4)
    after = agent.send("GET", "/stats").json()["peers"]
    assert list(after) == [alice.host.keys.public]
    assert after[alice.host.keys.public]["latest_handshake"] == before[alice.host.keys.public]["latest_handshake"]
    assert after[alice.host.keys.public]["rx"] > before[alice.host.keys.public]["rx"]

    assert run("wg", "show", server.name, "public-key").strip() == server.keys.public
    assert run("wg", "show", server.name, "listen-port").strip() == "51820"
    assert run("wg", "show", server.name, "fwmark").strip() == "0x2a"


def test_what_the_interface_loses_comes_back(
    hosts: tuple[Host, Host, Host], agent: RunningAgent, start: Start, tmp_path: Path
) -> None:
    server = hosts[0]
    alice = Buyer(hosts[1], server, 2, "192.0.2.5:51820")
    assert agent.put(1, [alice.peer()]).status_code == 200
    alice.join(tmp_path)

    run("wg", "set", server.name, "peer", hosts[2].keys.public, "allowed-ips", "10.66.0.2/32")  # taken from alice
    until(lambda: run("wg", "show", server.name, "peers").split() == [alice.host.keys.public])
    assert alice.reaches(SERVER4)

    agent.kill()
    run("wg", "set", server.name, "peer", alice.host.keys.public, "remove")
    start("--interface", server.name, env=PATH)
    assert run("wg", "show", server.name, "peers").split() == [alice.host.keys.public]


def test_an_interface_without_a_key_is_not_touched(hosts: tuple[Host, Host, Host], start: Start) -> None:
    server = hosts[0]
    answer = start("--interface", server.name, env=PATH).put(1, [])
    assert answer.status_code == 200, "an empty list is what it holds"

    answer = start("--interface", server.name, env=PATH).put(2, [peer(2)])
    assert (answer.status_code, "no private key" in answer.json()["error"]) == (503, True)
    assert run("wg", "show", server.name, "peers") == ""


def test_an_interface_which_is_not_there(hosts: tuple[Host, Host, Host], start: Start) -> None:
    agent = start("--interface", "nope", env=PATH)

    assert agent.put(1, [peer(2)]).status_code == 503
    assert agent.health()["applied"] is False
