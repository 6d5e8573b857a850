"""What leaves for Sentry: a process with the real SDK, and a server on loopback which takes what it sends."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TALK = """
import sys
import structlog
import sentry_sdk
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from services import assembly
from services.platform.config import load

settings = load(dict(line.split("=", 1) for line in sys.argv[1:]))
assembly.set_up_logs(settings, "jobs")
log = structlog.get_logger("ours")

def fail(word):
    name = "hunter2 Anna"
    raise ValueError(f"{word}: +79991234567 wrote to anna@example.com")

async def crash(request):
    sentry_sdk.set_user({"username": "hunter2"})
    body = await request.body()
    fail("in a request")

structlog.contextvars.bind_contextvars(event_id=7)
log.info("before", phone="+79990000000", token="hunter2")
try:
    fail("in a reaction")
except ValueError:
    log.exception("reaction_failed", api_key="hunter2")
client = TestClient(Starlette(routes=[Route("/hook", crash, methods=["POST"])]), raise_server_exceptions=False)
headers = {"X-Telegram-Bot-Api-Secret-Token": "hunter2", "Cookie": "a=hunter2"}
client.post("/hook?q=1", content="hunter2", headers=headers)
sentry_sdk.flush(5)
"""


def test_errors_arrive_with_their_place_and_without_personal_data() -> None:
    with Ingest() as ingest:
        variables = {
            "DATABASE_URL": "postgres://h/d",
            "REDIS_URL": "redis://h",
            "TELEGRAM_BOT_TOKEN": "1:a",
            "ENCRYPTION_SECRET": "0123456789abcdef",
            "PAYMENT_PROVIDERS": " ,",
            "APP_ENV": "test",
            "BUILD_VERSION": "v7",
            "SENTRY_DSN": f"http://public@127.0.0.1:{ingest.port}/1",
        }
        given = [f"{name}={value}" for name, value in variables.items()]
        subprocess.run([sys.executable, "-c", TALK, *given], check=True, timeout=60, stdout=subprocess.DEVNULL)
        logged, crashed = ingest.events

    assert logged["logentry"]["message"] == "reaction_failed", "the name of what happened, which groups events"
    assert logged["extra"].items() >= {"event_id": "7", "api_key": "<hidden>"}.items()
    for event in (logged, crashed):
        (told,) = event["exception"]["values"]
        assert told["type"] == "ValueError"
        assert told["value"].endswith(": <phone> wrote to <e-mail>")
        frames = told["stacktrace"]["frames"]
        assert frames[-1]["function"] == "fail"
        assert not any("vars" in frame for frame in frames)
        assert (event["environment"], event["release"], event["server_name"]) == ("test", "v7", "jobs")
        assert "user" not in event
    assert crashed["request"]["headers"]["x-telegram-bot-api-secret-token"] == "<hidden>"
    sent = json.dumps([logged, crashed])
    assert "before" in sent, "what went before"
    assert "hunter2" not in sent
    assert "+7999" not in sent


class Ingest:
    """Sentry's envelope endpoint. `events` are the error events that came."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        events = self.events

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                lines = body.split(b"\n")
                for head, item in zip(lines[1::2], lines[2::2], strict=False):
                    if json.loads(head).get("type") == "event":
                        events.append(json.loads(item))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port

    def __enter__(self) -> Ingest:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
