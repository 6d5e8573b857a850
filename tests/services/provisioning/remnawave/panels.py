"""Panels of the sandbox over real HTTP, a clock that they share with the test, and grants to give there."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from apps.sandbox import remnawave
from apps.sandbox.server import server
from services.catalog import Good
from services.platform.config_panels import RemnawavePanel
from services.platform.crypto import Cipher
from services.platform.tls import trusted
from services.provisioning.provisioners.base import Grant, Held
from services.provisioning.provisioners.remnawave import RemnawavePanels
from tests.world import wait_for

START = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
CIPHER = Cipher("a secret for tests, long enough")
DEFAULT, PREMIUM, GAMING = "Default-Squad", "Premium-Squad", "Gaming-Squad"
TOKEN = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"HS256"}', json.dumps({"exp": int((START + timedelta(days=90)).timestamp())}).encode(), b"s")
)


@dataclass
class Clock:
    now: datetime = START

    def pass_time(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


@dataclass
class TestPanel:
    """One panel of the sandbox and its switches."""

    __test__ = False
    code: str
    url: str
    http: httpx.Client
    asked_before: int = 0

    @property
    def config(self) -> RemnawavePanel:
        return RemnawavePanel(code=self.code, url=self.url, token=SecretStr(TOKEN), squads=(DEFAULT,))

    def users(self) -> dict[str, dict[str, Any]]:
        return {user["username"]: user for user in self.get("/state")["users"]}

    def user(self, name: str = "k12") -> dict[str, Any]:
        return self.users()[name]

    def squad(self, name: str) -> str:
        return next(squad["uuid"] for squad in self.get("/state")["squads"] if squad["name"] == name)

    def fault(self, mode: str, **order: Any) -> None:
        self.post("/faults", mode=mode, **order)

    def heal(self) -> None:
        assert self.http.delete("/faults").status_code == 200

    def writes(self) -> list[tuple[str, str]]:
        """What was asked since the last time, but questions."""
        log = self.get("/log")["requests"]
        fresh, self.asked_before = log[self.asked_before :], len(log)
        return [(one["method"], one["path"]) for one in fresh if one["method"] != "GET"]

    def get(self, path: str) -> Any:
        return self.http.get(path).raise_for_status().json()

    def post(self, path: str, /, **body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()


@contextmanager
def running_panel(
    directory: Path, clock: Clock, dialect: str, code: str = "main", **settings: Any
) -> Iterator[TestPanel]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    usual = {"tokens": [TOKEN], "dialect": dialect, "public_url": url}
    app = remnawave.create_app(directory / code, lambda: clock.now, **(usual | settings))
    serving = server(app, port=port)
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    wait_for(lambda: serving.started)
    with httpx.Client(base_url=url, verify=trusted(), trust_env=False, timeout=20) as http:
        yield TestPanel(code, url, http)
    serving.should_exit = True
    thread.join(10)


@dataclass
class Stage:
    """A provisioner, its panel and one grant that changes as the core would change it. `held` is what came last."""

    panel: TestPanel
    clock: Clock
    provisioner: RemnawavePanels
    grant: Grant
    held: Held = field(default_factory=lambda: Held("absent"))

    @property
    def now(self) -> datetime:
        return self.clock.now

    def apply(self, **changes: Any) -> Held:
        if changes:
            self.grant = replace(self.grant, revision=self.grant.revision + 1, **changes)
        self.held = self.provisioner.apply(None, self.grant, self.held.ref, self.now)  # type: ignore[arg-type]
        json.dumps(dict(self.held.ref))  # it is kept as JSON
        return self.held

    def fetch(self) -> Held:
        return self.provisioner.fetch(None, self.grant, self.held.ref, self.now)  # type: ignore[arg-type]

    def remove(self) -> None:
        self.provisioner.remove(None, self.grant, self.held.ref, self.now)  # type: ignore[arg-type]

    @property
    def link(self) -> str:
        (artifact,) = self.held.artifacts
        assert artifact.kind == "link"
        return artifact.content

    @property
    def user(self) -> dict[str, Any]:
        return self.panel.user(self.grant.key)


def good(**options: Any) -> Good:
    return Good("premium", "remnawave", {}, options)


def grant(number: int = 12, **changes: Any) -> Grant:
    usual: dict[str, Any] = {
        "id": number,
        "revision": 1,
        "party": "user:5",
        "telegram_id": 4242,
        "good": good(),
        "state": "active",
        "ends_at": START + timedelta(days=30),
        "traffic_bytes": 100 * 10**9,
        "devices": 3,
        "generation": 0,
        "usage_epoch": 1,
    }
    return Grant(**(usual | changes))


@contextmanager
def stage_on(*panels: TestPanel, clock: Clock, cipher: Cipher = CIPHER, **changes: Any) -> Iterator[Stage]:
    with ExitStack() as stack:
        provisioner = RemnawavePanels([panel.config for panel in panels], cipher)
        stack.callback(provisioner.close)
        yield Stage(panels[0], clock, provisioner, grant(**changes))
