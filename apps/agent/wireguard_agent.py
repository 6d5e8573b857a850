#!/usr/bin/env python3
"""Keeps a WireGuard interface equal to the list of peers that Kiosk wants. Python 3.9+, no other package.

    PUT /peers   {"revision": 7, "peers": [{"public_key", "preshared_key", "allowed_ips": ["10.66.0.2/32", ...]}]}
                 200 {"revision", "peers"}: the interface holds exactly this list
                 409 {"error", "revision"}: another or a newer list is already kept under `revision`
                 413, 422 {"error"}: the list is wrong and nothing changed
                 503 {"error"}: the interface does not hold the list (a stored list is tried again every minute)
    GET /health  {"revision", "peers", "interface", "applied", "version"}
    GET /stats   {"peers": {public key: {"latest_handshake": unix seconds, "rx": bytes, "tx": bytes}}}

Every request carries X-Kiosk-Timestamp (unix seconds) and X-Kiosk-Signature, the hex HMAC-SHA256 of
"METHOD\\nPATH\\nTIMESTAMP\\n" + body under the shared secret; otherwise it is answered 401 {"error"}.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import ipaddress
import json
import logging
import os
import re
import signal
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

VERSION = "1.0"
MAX_BODY = 8 * 1024 * 1024
MAX_SKEW = 300  # seconds between our clock and the sender's
KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")  # base64 of exactly 32 bytes
NO_KEY = "A" * 43 + "="  # WireGuard reads 32 zero bytes as "no key"

log = logging.getLogger("kiosk-agent")


class Refused(Exception):
    """The request is answered with `status` and this message."""

    def __init__(self, status: int, message: str, **details: int) -> None:
        super().__init__(message)
        self.status = status
        self.answer = {"error": message, **details}


@dataclass(frozen=True)
class Peer:
    public_key: str
    preshared_key: str
    allowed_ips: tuple[str, ...]  # normalised and sorted, so that equal peers are equal


@dataclass(frozen=True)
class PeerList:
    revision: int
    peers: dict[str, Peer]  # by public key

    @classmethod
    def parse(cls, raw: bytes) -> PeerList:
        """Raises Refused(422) unless every key is a key, every address a single host, and none appears twice."""
        try:
            data = json.loads(raw)
            revision, items = data["revision"], data["peers"]
        except (ValueError, TypeError, KeyError):
            raise Refused(422, 'expected {"revision": number, "peers": list}') from None
        if type(revision) is not int or revision < 1 or not isinstance(items, list):
            raise Refused(422, "revision must be a whole number above 0 and peers a list")
        peers: dict[str, Peer] = {}
        taken: set[str] = set()
        for number, item in enumerate(items):
            try:
                peer = _peer(item)
            except ValueError as error:
                raise Refused(422, f"peers[{number}]: {error}") from None
            if peer.public_key in peers:
                raise Refused(422, f"peers[{number}]: its public key appears twice")
            # WireGuard would silently take the address away from the peer that has it.
            if not taken.isdisjoint(peer.allowed_ips):
                raise Refused(422, f"peers[{number}]: its address belongs to another peer")
            peers[peer.public_key] = peer
            taken.update(peer.allowed_ips)
        return cls(revision, peers)

    def dump(self) -> bytes:
        peers = [asdict(peer) for peer in self.peers.values()]
        return json.dumps({"revision": self.revision, "peers": peers}).encode()


def _peer(item: Any) -> Peer:
    if not isinstance(item, dict):
        raise ValueError("expected an object")
    for name in ("public_key", "preshared_key"):
        key = item.get(name)
        if not isinstance(key, str) or not KEY.fullmatch(key) or key == NO_KEY:
            raise ValueError(f"{name} is not the base64 of a 32-byte key")
    texts = item.get("allowed_ips")
    if not isinstance(texts, list) or not texts:
        raise ValueError("allowed_ips must be a list of addresses")
    return Peer(item["public_key"], item["preshared_key"], _hosts(texts))


def _hosts(texts: list[Any]) -> tuple[str, ...]:
    hosts = set()
    for text in texts:
        network = ipaddress.ip_network(text) if isinstance(text, str) and "%" not in text else None
        if network is None or network.num_addresses != 1:
            raise ValueError("allowed_ips must be single hosts: /32 or /128")
        hosts.add(str(network))
    return tuple(sorted(hosts))


class WgSync:
    """A real interface, through the `wg` tool."""

    def __init__(self, interface: str) -> None:
        self._interface = interface

    def peers(self) -> dict[str, Peer]:
        """What the interface holds now."""
        found = {}
        for key, preshared, _endpoint, allowed, *_rest in self._dump()[1:]:
            networks = [] if allowed == "(none)" else allowed.split(",")
            found[key] = Peer(key, preshared, tuple(sorted(str(ipaddress.ip_network(n)) for n in networks)))
        return found

    def apply(self, peers: dict[str, Peer]) -> None:
        """Sessions of peers that stay are kept: syncconf, never setconf."""
        private_key, _public_key, port, mark = self._dump()[0]
        if private_key == "(none)":
            raise Refused(503, f"{self._interface} has no private key: start wg-quick@{self._interface}")
        # syncconf resets what the file leaves out, so the interface's own settings must be in it.
        lines = ["[Interface]", f"PrivateKey = {private_key}", f"ListenPort = {port}"]
        if mark != "off":
            lines.append(f"FwMark = {mark}")
        for peer in peers.values():
            lines += ["[Peer]", f"PublicKey = {peer.public_key}", f"PresharedKey = {peer.preshared_key}"]
            lines.append(f"AllowedIPs = {', '.join(peer.allowed_ips)}")
        self._wg("syncconf", self._interface, "/dev/stdin", given="\n".join(lines) + "\n")

    def stats(self) -> dict[str, dict[str, int]]:
        return {
            row[0]: {"latest_handshake": int(row[4]), "rx": int(row[5]), "tx": int(row[6])} for row in self._dump()[1:]
        }

    def _dump(self) -> list[list[str]]:
        """wg(8), `show <interface> dump`: one line for the interface, then one for each peer."""
        return [line.split("\t") for line in self._wg("show", self._interface, "dump").splitlines()]

    @staticmethod
    def _wg(*arguments: str, given: str = "") -> str:
        command = f"wg {arguments[0]}"
        try:
            done = subprocess.run(
                ["wg", *arguments], input=given, capture_output=True, text=True, timeout=30, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Refused(503, f"{command}: {type(error).__name__}") from None
        if done.returncode:
            # wg quotes lines it cannot read, and a line may hold a key.
            reason = re.sub(r"[A-Za-z0-9+/]{43}=?", "<key>", done.stderr.strip())
            raise Refused(503, f"{command}: {reason}")
        return done.stdout


class DryRun:
    """No interface at all: the list is only kept. For development and tests."""

    def __init__(self) -> None:
        self._peers: dict[str, Peer] = {}

    def peers(self) -> dict[str, Peer]:
        return self._peers

    def apply(self, peers: dict[str, Peer]) -> None:
        self._peers = peers

    def stats(self) -> dict[str, dict[str, int]]:
        return {key: {"latest_handshake": 0, "rx": 0, "tx": 0} for key in self._peers}


class Agent:
    """The stored list and the interface that must equal it. Before the first list the interface is left alone."""

    def __init__(self, interface: WgSync | DryRun, state: Path) -> None:
        self.interface = interface
        self.applied = False
        self._file = state / "peers.json"
        self._lock = threading.Lock()
        self.stored = self._load()

    def put(self, wanted: PeerList) -> None:
        with self._lock:
            if self.stored and wanted.revision < self.stored.revision:
                raise Refused(409, "a newer revision is kept", revision=self.stored.revision)
            if self.stored and wanted.revision == self.stored.revision and wanted != self.stored:
                raise Refused(409, "this revision is kept with other peers", revision=self.stored.revision)
            if wanted != self.stored:
                self._save(wanted)
                self.stored = wanted
            self._converge()

    def refresh(self) -> None:
        """Bring back what the interface lost: a restart of wg-quick empties it."""
        with self._lock:
            try:
                self._converge()
            except Refused as problem:
                log.warning("not applied: %s", problem)

    def _converge(self) -> None:
        try:
            held = self.interface.peers()
            if self.stored and held != self.stored.peers:
                self.interface.apply(self.stored.peers)
                if self.interface.peers() != self.stored.peers:
                    raise Refused(503, "the interface does not hold the list after syncconf")
                log.info("revision %d applied, %d peers", self.stored.revision, len(self.stored.peers))
        except Refused:
            self.applied = False
            raise
        self.applied = self.stored is not None

    def _load(self) -> PeerList | None:
        try:
            return PeerList.parse(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except Refused as problem:
            log.error("%s is unreadable, waiting for a new list: %s", self._file, problem)  # noqa: TRY400 - no traceback
            return None

    def _save(self, wanted: PeerList) -> None:
        draft = self._file.with_suffix(".draft")
        try:
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
            with draft.open("wb") as file:
                file.write(wanted.dump())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._file)
            directory = os.open(self._file.parent, os.O_RDONLY)
            os.fsync(directory)
            os.close(directory)
        except OSError as error:
            raise Refused(503, f"cannot write the state: {error.strerror}") from None


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread for each connection; stopping waits for the requests that are under way."""

    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, agent: Agent, secret: bytes, name: str) -> None:
        self.agent, self.secret, self.name = agent, secret, name
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)

    def use_tls(self, certfile: str, keyfile: str | None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certfile, keyfile)
        # The handshake waits for the first read, which happens in the connection's own thread and has a timeout.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


class Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 10  # seconds without a byte from the client

    def do_GET(self) -> None:
        self._respond("GET")

    def do_PUT(self) -> None:
        self._respond("PUT")

    def _respond(self, method: str) -> None:
        try:
            body = self._body()
            self._authenticate(method, body)
            status, answer = 200, self._answer(method, body)
        except Refused as refused:
            status, answer = refused.status, refused.answer
            log.warning("%s %r -> %d %s", method, self.path[:80], status, answer["error"])
        raw = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,12}", length):
            raise Refused(411, "a Content-Length is needed")
        if int(length) > MAX_BODY:
            raise Refused(413, f"the body is larger than {MAX_BODY} bytes")
        return self.rfile.read(int(length))

    def _authenticate(self, method: str, body: bytes) -> None:
        timestamp = self.headers.get("X-Kiosk-Timestamp", "")
        signed = f"{method}\n{self.path}\n{timestamp}\n".encode() + body
        expected = hmac.new(self.server.secret, signed, hashlib.sha256).hexdigest()
        given = self.headers.get("X-Kiosk-Signature", "")
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise Refused(401, "the signature does not fit")
        if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > MAX_SKEW:
            raise Refused(401, f"the timestamp is more than {MAX_SKEW} seconds away from this server's clock")

    def _answer(self, method: str, body: bytes) -> dict[str, Any]:
        agent = self.server.agent
        if (method, self.path) == ("PUT", "/peers"):
            wanted = PeerList.parse(body)
            agent.put(wanted)
            return {"revision": wanted.revision, "peers": len(wanted.peers)}
        if (method, self.path) == ("GET", "/stats"):
            return {"peers": agent.interface.stats()}
        if (method, self.path) == ("GET", "/health"):
            kept = agent.stored
            counts = {"revision": kept.revision if kept else 0, "peers": len(kept.peers) if kept else 0}
            return {**counts, "interface": self.server.name, "applied": agent.applied, "version": VERSION}
        raise Refused(404, "there are PUT /peers, GET /health and GET /stats")

    def log_message(self, *_: Any) -> None:
        """Said by _respond, in our own words."""


def main() -> None:
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    secret = options.secret_file.read_text() if options.secret_file else os.environ.get("KIOSK_AGENT_SECRET", "")
    if len(secret.strip()) < 16:
        sys.exit("the secret is missing or shorter than 16 characters: KIOSK_AGENT_SECRET or --secret-file")
    options.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    agent = Agent(DryRun() if options.dry_run else WgSync(options.interface), options.state)
    agent.refresh()
    host, port = options.listen.rsplit(":", 1)
    server = Server(host.strip("[]"), int(port), agent, secret.strip().encode(), options.interface)
    if options.certfile:
        server.use_tls(options.certfile, options.keyfile)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    threading.Thread(target=_keep, args=(agent, options.every), daemon=True).start()
    if options.dry_run:
        threading.Thread(target=_leave_with_starter, args=(server,), daemon=True).start()
    sys.stdout.write(f"listening on port {server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
    server.server_close()


def _keep(agent: Agent, seconds: float) -> None:
    while True:
        time.sleep(seconds)
        agent.refresh()


def _leave_with_starter(server: Server) -> None:
    """A dry run is somebody's child: it ends when its standard input does, however the parent died."""
    while os.read(0, 1024):
        pass
    server.shutdown()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Keeps a WireGuard interface equal to the peers that Kiosk wants.")
    parser.add_argument("--interface", default="wg0")
    parser.add_argument("--listen", default="0.0.0.0:8300", help="address:port, [address]:port for IPv6")
    parser.add_argument("--state", type=Path, default=Path("/var/lib/kiosk-agent"), help="directory for the list")
    parser.add_argument("--secret-file", type=Path, help="instead of the variable KIOSK_AGENT_SECRET")
    parser.add_argument("--certfile", help="TLS certificate chain, PEM")
    parser.add_argument("--keyfile", help="its private key, PEM")
    parser.add_argument("--every", type=float, default=60, metavar="SECONDS", help="how often to check the interface")
    parser.add_argument("--dry-run", action="store_true", help="no interface; ends when standard input ends")
    return parser.parse_args()


if __name__ == "__main__":
    main()
