"""Real tunnels: hosts in network namespaces of their own, WireGuard in userspace, and the file that Kiosk sends.

Nothing here is specific to one machine: `missing` says in words what a machine lacks, and the tests skip with it."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from uuid import uuid4

import zxingcpp
from PIL import Image

from services.provisioning import qr_png
from services.provisioning.wireguard.addresses import addresses
from services.provisioning.wireguard.config_file import file_name, render
from services.provisioning.wireguard.keys import KeyPair, generate_keypair, generate_preshared_key

PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
TOOLS = ("wg", "wg-quick", "wireguard-go", "ip")
PACKAGES = "wireguard-tools wireguard-go iproute2"
NETWORKS = IPv4Network("10.66.0.0/20"), IPv6Network("fd42:66::/112")
SERVER4, SERVER6 = (str(address.ip) for address in addresses(*NETWORKS, 1))
PORT = 7  # of the server's echo, inside the tunnel

# A machine that is reached refuses the connection to a port where nobody listens.
_REACH = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 9), 3)
except ConnectionRefusedError:
    sys.exit(0)
except OSError:
    sys.exit(1)
"""
_ECHO = """
import socket, sys
listening = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("listening", flush=True)
connection, _ = listening.accept()
while said := connection.recv(100):
    connection.sendall(said)
"""
_TALK = """
import socket, sys
line = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
for said in sys.stdin.buffer:
    line.sendall(said)
    sys.stdout.buffer.write(line.recv(100))
    sys.stdout.flush()
"""


def missing() -> str | None:
    """Why this machine can have no tunnels; None when it can."""
    if absent := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"not installed: {', '.join(absent)} (apt-get install {PACKAGES}; .ci/run does it)"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not Path("/dev/net/tun").exists():
        return "this machine has no /dev/net/tun"
    name = f"kt{uuid4().hex[:6]}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode:
        return f"this machine allows no network namespaces: {made.stderr.strip()}"
    run("ip", "netns", "delete", name)
    return None


def run(*command: str, given: str = "", env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, env=env)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@dataclass
class Host:
    """A network namespace with one WireGuard interface. Interface names are unique: their sockets share a folder."""

    role: str
    keys: KeyPair = field(default_factory=generate_keypair)
    name: str = field(init=False)
    _daemon: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.name = f"kt{uuid4().hex[:6]}{self.role}"

    def inside(self, *command: str) -> list[str]:
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command: str, env: dict[str, str] | None = None) -> str:
        return run(*self.inside(*command), env=env)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.inside(*command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def start_interface(self) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._daemon = subprocess.Popen(self.inside("wireguard-go", "-f", self.name), **quiet)
        until(Path("/var/run/wireguard", f"{self.name}.sock").exists)

    def start_server(self, private: Path) -> None:
        """The interface as wg-quick leaves it on a server, with a mark of its own."""
        self.start_interface()
        private.write_text(self.keys.private)
        private.chmod(0o600)
        run("wg", "set", self.name, "private-key", str(private), "listen-port", "51820", "fwmark", "0x2a")
        for address in addresses(*NETWORKS, 1):
            extra = ["nodad"] if address.version == 6 else []
            self.run("ip", "address", "add", str(address), "dev", self.name, *extra)
        self.run("ip", "link", "set", self.name, "mtu", "1280", "up")
        for network in NETWORKS:
            self.run("ip", "route", "add", str(network), "dev", self.name)

    def remove(self) -> None:
        """Everything that runs in the namespace ends with it."""
        for pid in subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True).stdout.split():
            os.kill(int(pid), signal.SIGKILL)
        if self._daemon is not None:
            self._daemon.wait(timeout=10)
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True)


@dataclass
class Buyer:
    """A host that has nothing but the QR code which Kiosk sends."""

    host: Host
    server: Host
    slot: int
    endpoint: str
    keys: KeyPair = field(default_factory=generate_keypair)
    preshared: str = field(default_factory=generate_preshared_key)
    interface: str = field(init=False, default="")

    def peer(self) -> dict[str, Any]:
        """As the agent is sent it."""
        return {
            "public_key": self.keys.public,
            "preshared_key": self.preshared,
            "allowed_ips": [str(address) for address in addresses(*NETWORKS, self.slot)],
        }

    def config(self) -> str:
        return render(
            private_key=self.keys.private,
            addresses=addresses(*NETWORKS, self.slot),
            dns="1.1.1.1, 2606:4700:4700::1111",
            server_public_key=self.server.keys.public,
            preshared_key=self.preshared,
            endpoint=self.endpoint,
        )

    def join(self, directory: Path) -> None:
        """Scans the code and brings the tunnel up, as `wg-quick up` does it: also the DNS line and both routes. To be
        called after the server knows the buyer: an unanswered handshake is repeated only 5 seconds later."""
        (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(qr_png(self.config()))))
        assert code.bytes == self.config().encode()
        file = directory / file_name(uuid4().hex[:5], self.slot)  # its name becomes the interface's
        file.touch(mode=0o600)
        file.write_bytes(code.bytes)
        self.interface = file.stem
        self.host.run("wg-quick", "up", str(file), env=self._quick(directory))

    def leave(self, directory: Path) -> None:
        self.host.run("wg-quick", "down", str(directory / f"{self.interface}.conf"), env=self._quick(directory))

    def reaches(self, address: str = SERVER4) -> bool:
        return subprocess.run(self.host.inside(sys.executable, "-c", _REACH, address), timeout=20).returncode == 0

    def _quick(self, directory: Path) -> dict[str, str]:
        """wg-quick without a kernel module, and with what a bare namespace lacks: a resolver and a firewall."""
        tools = directory / "tools"
        tools.mkdir(exist_ok=True)
        for name in ("resolvconf", "nft"):
            (tools / name).write_text(f"#!/bin/sh\ncat >>'{directory}/{name}.said'\n")
            (tools / name).chmod(0o755)
        return {"PATH": f"{tools}:{PATH['PATH']}", "WG_QUICK_USERSPACE_IMPLEMENTATION": "wireguard-go"}


class Conversation:
    """A connection through the tunnel which stays open: it lives only as long as the session does."""

    def __init__(self, buyer: Buyer, server: Host) -> None:
        self._echo = server.start(sys.executable, "-c", _ECHO, SERVER4, str(PORT))
        assert self._echo.stdout
        assert self._echo.stdout.readline() == b"listening\n"
        self._talk = buyer.host.start(sys.executable, "-c", _TALK, SERVER4, str(PORT))

    def goes_on(self) -> bool:
        said = uuid4().hex.encode() + b"\n"
        assert self._talk.stdin
        assert self._talk.stdout
        self._talk.stdin.write(said)
        self._talk.stdin.flush()
        return self._talk.stdout.readline() == said

    def end(self) -> None:
        for process in (self._talk, self._echo):
            process.kill()
            process.communicate()


def wire_up(server: Host, clients: Sequence[Host]) -> None:
    """A cable from each client to the server: 192.0.2.4n+1 is the server's end, 192.0.2.4n+2 the client's."""
    for host in (server, *clients):
        run("ip", "netns", "add", host.name)
    for number, client in enumerate(clients, start=1):
        outer, inner = f"{server.name}{number}", f"{client.name}0"
        run("ip", "link", "add", outer, "netns", server.name, "type", "veth", "peer", inner, "netns", client.name)
        for host, link, last in ((server, outer, 1), (client, inner, 2)):
            host.run("ip", "address", "add", f"192.0.2.{4 * number + last}/30", "dev", link)
            host.run("ip", "link", "set", link, "up")


def peers_of(server: Host) -> list[str]:
    return run("wg", "show", server.name, "peers").split()
