"""A seller's own system, as the contract drives it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from apps.sandbox import seller
from services.catalog import Good
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.tls import trusted
from services.provisioning.provisioners.base import Grant
from services.provisioning.provisioners.callout import Callout
from tests.apps.sandbox.running_world import running
from tests.contracts.access_sides import Seen, Side

SECRET = "the secret of all calls"


class Opened(Side):
    kind = "callout"
    claims = Callout.capabilities
    modes = ("down", "after", "misconfigured", "rejected", "out_of_stock")

    def __init__(self, db: Database, directory: Path) -> None:
        super().__init__(db, directory)
        self._stack = ExitStack()
        self._url = self._stack.enter_context(running(seller.create_app(directory, secret=SECRET)))
        self._http = self._stack.enter_context(
            httpx.Client(base_url=self._url, verify=trusted(), trust_env=False, timeout=20)
        )
        self._right = self.provisioner = self._made(SECRET)

    def good(self) -> Good:
        return Good("course", "callout", {"ru": "Курс"}, {"url": f"{self._url}/grants"})

    def seen(self, grant: Grant) -> list[Seen]:
        calls = self._calls(grant)
        if not calls:
            return []
        last = calls[-1]["told"]
        secret = next(call["answer"]["key"] for call in reversed(calls) if "key" in call["answer"])
        works = last["event"] in ("granted", "changed", "rotated")
        return [Seen(grant.key, works, datetime.fromisoformat(last["ends_at"]), secret)]

    def everything(self) -> object:
        return [call["told"] for call in self._calls()]

    def break_down(self, mode: str) -> None:
        match mode:
            case "misconfigured":
                self.provisioner = self._made("another secret than theirs")
            case _fault:
                order = {"after": "500_after", "rejected": "400"}.get(mode, mode)
                fault: dict[str, Any] = {"mode": order, "times": 1 if mode == "after" else None}
                assert self._http.post("/faults", json=fault).status_code == 200

    def mend(self) -> None:
        self._http.delete("/faults")
        self.provisioner = self._right

    def close(self) -> None:
        self._stack.close()

    def _calls(self, grant: Grant | None = None) -> list[dict[str, Any]]:
        asked = {"grant": grant.key} if grant else {}
        calls: list[dict[str, Any]] = self._http.get("/calls", params=asked).json()["calls"]
        return calls

    def _made(self, secret: str) -> Callout:
        made = Callout(Cipher("a secret for tests, long enough"), [secret], private=True)
        self._stack.callback(made.close)
        return made
