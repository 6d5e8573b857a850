"""The real agent as a real process, spoken to over HTTP with signatures made here and not by Kiosk's client."""

import hashlib
import hmac
import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from services.platform.tls import trusted

AGENT = Path(__file__).parents[3] / "apps" / "agent" / "wireguard_agent.py"
SECRET = "correct horse battery staple"


class RunningAgent:
    def __init__(self, state: Path, log: Path, *options: str, env: dict[str, str] | None = None) -> None:
        self.state, self._log = state, log
        with log.open("a") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, str(AGENT), "--listen", "127.0.0.1:0", "--state", str(state), *options],
                env={"KIOSK_AGENT_SECRET": SECRET, **(env or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"the agent did not start: {self.log()}"
        self.port = int(line.rsplit(" ", 1)[1])

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | dict[bytes, bytes] | None = None,
        **http: Any,
    ) -> httpx.Response:
        """A signed request, or one with exactly `headers`."""
        scheme = "https" if "verify" in http else "http"
        url = f"{scheme}://127.0.0.1:{self.port}{path}"
        with httpx.Client(**{"verify": trusted(), "trust_env": False, **http}) as client:
            return client.request(method, url, content=body, headers=headers or sign(method, path, body))

    def put(self, revision: Any, peers: Any) -> httpx.Response:
        return self.send("PUT", "/peers", json.dumps({"revision": revision, "peers": peers}).encode())

    def health(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.send("GET", "/health").json()
        return answer

    def kept(self) -> list[dict[str, Any]]:
        peers: list[dict[str, Any]] = json.loads((self.state / "peers.json").read_bytes())["peers"]
        return peers

    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        self.process.communicate(timeout=15)
        return self.process.returncode


def sign(
    method: str, path: str, body: bytes = b"", *, skew: float = 0, stamp: str | None = None, secret: str = SECRET
) -> dict[str, str]:
    stamp = stamp or str(int(time.time() + skew))  # noqa: TID251 - the agent compares it with the real clock
    text = f"{method}\n{path}\n{stamp}\n".encode() + body
    return {
        "X-Kiosk-Timestamp": stamp,
        "X-Kiosk-Signature": hmac.new(secret.encode(), text, hashlib.sha256).hexdigest(),
    }


def key(seed: object) -> str:
    return b64encode(hashlib.sha256(str(seed).encode()).digest()).decode()


def peer(number: int) -> dict[str, Any]:
    """Client `number` (2..250) as Kiosk sends it."""
    return {
        "public_key": key(number),
        "preshared_key": key(f"preshared {number}"),
        "allowed_ips": [f"10.66.0.{number}/32", f"fd42:66::{number:x}/128"],
    }


Start = Callable[..., RunningAgent]
