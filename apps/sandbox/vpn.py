"""VPN servers of the sandbox world: under each code answers the real agent, a child process without an interface.

`/{code}/peers`, `/{code}/health` and `/{code}/stats` go through to the agent as they came, signature and all.
The faults stand between."""

import asyncio
import hashlib
import json
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.shelf import write_atomically
from apps.sandbox.standing import StandingFault
from apps.sandbox.vpn_page import servers_page
from services.platform.tls import trusted

AGENT = Path(__file__).parents[1] / "agent" / "wireguard_agent.py"
PASSED_ON = ("x-kiosk-timestamp", "x-kiosk-signature", "content-type")


def public_key(code: str) -> str:
    """A server's key is made from its code: a configuration stays right when the state is thrown away."""
    private = X25519PrivateKey.from_private_bytes(hashlib.sha256(f"sandbox vpn {code}".encode()).digest())
    return b64encode(private.public_key().public_bytes_raw()).decode()


class VpnServer:
    """One server. Its agent starts with the first request, and again when it has died."""

    def __init__(self, code: str, directory: Path, secret: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.code = code
        self.public_key = public_key(code)
        self._directory = directory
        self._secret = secret
        self._starting = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    async def forward(self, request: Request) -> Response:
        """What the agent answers to this very request."""
        port = await asyncio.to_thread(self._running)
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=60, verify=trusted(), trust_env=False
        ) as http:
            path = f"/{request.path_params['path']}"
            answer = await http.request(request.method, path, content=await request.body(), headers=headers)
        if answer.status_code == 200 and path == "/peers":
            self._note_arrivals()
        if answer.status_code == 200 and path == "/stats":
            return JSONResponse({"peers": {**answer.json()["peers"], **self._traffic()}})
        return Response(answer.content, answer.status_code, media_type=answer.headers["Content-Type"])

    def kept(self) -> dict[str, Any]:
        """The list the agent has stored, each peer with `since`, the time (ISO 8601) it came to this server."""
        path = self._directory / "peers.json"
        kept: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {"revision": 0, "peers": []}
        since = self._since()
        return {**kept, "peers": [{**peer, "since": since.get(peer["public_key"])} for peer in kept["peers"]]}

    def carry(self, public_key: str, rx: int, tx: int, latest_handshake: int) -> None:
        """Sets a peer's counters; they begin anew when it goes away."""
        traffic = self._traffic() | {public_key: {"latest_handshake": latest_handshake, "rx": rx, "tx": tx}}
        write_atomically(self._directory / "traffic.json", json.dumps(traffic).encode())

    def reinstall(self) -> None:
        """It has forgotten everything but its keys."""
        with self._starting:
            self.stop()
            for file in self._directory.glob("*.json"):
                file.unlink()

    def stop(self) -> None:
        """The agent leaves when its standard input ends."""
        if self._process is not None:
            self._process.communicate(timeout=15)
            self._process = None

    def _running(self) -> int:
        """The port of the running agent."""
        with self._starting:
            if self._process is None or self._process.poll() is not None:
                self.stop()
                command = [sys.executable, str(AGENT), "--dry-run", "--interface", "wg0", "--listen", "127.0.0.1:0"]
                self._process = subprocess.Popen(
                    [*command, "--state", str(self._directory)],
                    env={"KIOSK_AGENT_SECRET": self._secret},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                assert self._process.stdout
                self._port = int(self._process.stdout.readline().rsplit(" ", 1)[-1])
        return self._port

    def _note_arrivals(self) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251 - the outside world's own clock
        known = self._since()
        since = {peer["public_key"]: known.get(peer["public_key"], now) for peer in self.kept()["peers"]}
        write_atomically(self._directory / "since.json", json.dumps(since).encode())
        traffic = {key: row for key, row in self._traffic().items() if key in since}
        write_atomically(self._directory / "traffic.json", json.dumps(traffic).encode())

    def _traffic(self) -> dict[str, dict[str, int]]:
        path = self._directory / "traffic.json"
        traffic: dict[str, dict[str, int]] = json.loads(path.read_bytes()) if path.exists() else {}
        return traffic

    def _since(self) -> dict[str, str]:
        path = self._directory / "since.json"
        since: dict[str, str] = json.loads(path.read_bytes()) if path.exists() else {}
        return since


class VpnWorld:
    """All servers, and the fault which is on order."""

    def __init__(self, directory: Path, secret: str, codes: Sequence[str]) -> None:
        self._servers = {code: VpnServer(code, directory / code, secret) for code in codes}
        self.fault = StandingFault()

    async def index(self, request: Request) -> HTMLResponse:
        servers = [(server.code, server.public_key, server.kept()) for server in self._servers.values()]
        return servers_page(servers, self.fault)

    async def peers(self, request: Request) -> Response:
        return JSONResponse(self._server(request).kept())

    async def server(self, request: Request) -> Response:
        server = self._server(request)
        return JSONResponse({"code": server.code, "public_key": server.public_key})

    async def traffic(self, request: Request) -> Response:
        """{"public_key", "rx", "tx"}: what a peer has carried, since it came."""
        given = await request.json()
        self._server(request).carry(given["public_key"], given["rx"], given["tx"], given.get("latest_handshake", 0))
        return JSONResponse({})

    async def reinstall(self, request: Request) -> Response:
        await asyncio.to_thread(self._server(request).reinstall)
        return JSONResponse({})

    async def agent(self, request: Request) -> Response:
        server = self._server(request)
        return await self.fault.meet(lambda: server.forward(request), {"error": "internal error"})

    def stop(self) -> None:
        for server in self._servers.values():
            server.stop()

    def _server(self, request: Request) -> VpnServer:
        if request.path_params["code"] not in self._servers:
            raise HTTPException(404)
        return self._servers[request.path_params["code"]]


def create_app(directory: Path, *, secret: str, codes: Sequence[str] = ("de1", "nl1")) -> Starlette:
    """`/` the page, `/faults`, and for each code `peers.json` and `server.json` unsigned, `traffic` to set
    counters and `reinstall`, the rest to its agent.

    `secret` is every agent's. The agents end with this process, or with the application's lifespan."""
    world = VpnWorld(directory, secret, codes)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(world.stop)

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", world.index),
            Route("/faults", world.fault.endpoint, methods=["GET", "POST", "DELETE"]),
            Route("/{code}/peers.json", world.peers),
            Route("/{code}/server.json", world.server),
            Route("/{code}/reinstall", world.reinstall, methods=["POST"]),
            Route("/{code}/traffic", world.traffic, methods=["POST"]),
            Route("/{code}/{path:path}", world.agent, methods=["GET", "PUT"]),
        ],
    )
