"""A fleet whose servers have agents; access_portal has one of servers told through a wg-portal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from starlette.applications import Starlette

from apps.sandbox import vpn
from services.catalog import Good
from services.platform.clock import Clock
from services.platform.config_vpn import VpnServer
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.tls import trusted
from services.provisioning.provisioners.base import Grant
from services.provisioning.provisioners.wireguard import WireguardFleet
from tests.apps.sandbox.running_world import running
from tests.contracts.access_sides import Seen, Side

SECRET = "the secret of all servers, of 40 letters"
NOBODY = "http://127.0.0.1:9"  # nothing listens there
NETWORKS = {66: "Frankfurt", 67: "Amsterdam"}


class Opened(Side):
    kind = "wireguard"
    claims = WireguardFleet.capabilities
    modes = ("down", "after", "misconfigured", "out_of_stock")
    codes: tuple[str, ...] = ("de1", "nl1")

    def __init__(self, db: Database, directory: Path) -> None:
        super().__init__(db, directory)
        self._stack = ExitStack()
        self._url = self._stack.enter_context(running(self._there()))
        self._http = self._stack.enter_context(
            httpx.Client(base_url=self._url, verify=trusted(), trust_env=False, timeout=20)
        )
        self._fleet = self.provisioner = self._made()

    def good(self) -> Good:
        return Good("wireguard", "wireguard", {}, {})

    def locations(self) -> Sequence[str]:
        return self.codes

    def grant(self, **changes: Any) -> Grant:
        """At the first server, unless its owner may choose: an agent that is not asked does not start."""
        anywhere = () if "location" in changes else self.codes[:1]
        return super().grant(**({"locations": anywhere} | changes))

    def seen(self, grant: Grant) -> list[Seen]:
        """A peer that cannot connect has left an agent's list."""
        with self.db.begin() as tx:
            keys = "SELECT public_key FROM wireguard_peers WHERE grant_id = :id"
            ours = set(tx.scalars(text(keys), {"id": grant.id}))
        return [
            Seen(one["key"], one["works"], None, one["secret"])
            for code in self.codes
            for one in self._peers(code)
            if one["key"] in ours
        ]

    def everything(self) -> object:
        return {code: self._raw(code) for code in self.codes}

    def lose(self, grant: Grant) -> bool:
        """The server is installed anew."""
        code, _ = self._where(grant)
        self._http.post(f"/{code}/reinstall")
        return True

    def break_down(self, mode: str) -> None:
        match mode:
            case "down":
                self.provisioner = self._made(url=NOBODY)
            case "after":
                assert self._http.post("/faults", json={"mode": "500_after", "times": 1}).status_code == 200
            case "misconfigured":
                self.provisioner = self._made(secret="another secret than theirs, long enough")
            case "out_of_stock":
                self.provisioner = self._made(codes=())

    def mend(self) -> None:
        self._http.delete("/faults")
        self.provisioner = self._fleet

    def use(self, grant: Grant, size: int) -> None:
        code, key = self._where(grant)
        before = self._carried(code, key)
        row = {"public_key": key, "rx": before["rx"], "tx": before["tx"] + size}
        assert self._http.post(f"/{code}/traffic", json=row).status_code == 200

    def close(self) -> None:
        self._stack.close()

    def _there(self) -> Starlette:
        return vpn.create_app(self.directory, secret=SECRET, codes=self.codes)

    def _server(self, code: str, url: str, secret: str) -> dict[str, Any]:
        return {"agent_url": f"{url}/{code}", "agent_secret": secret, "public_key": vpn.public_key(code)}

    def _raw(self, code: str) -> Any:
        return self._http.get(f"/{code}/peers.json").json()["peers"]

    def _peers(self, code: str) -> list[dict[str, Any]]:
        return [{"key": p["public_key"], "works": True, "secret": p["preshared_key"]} for p in self._raw(code)]

    def _carried(self, code: str, key: str) -> dict[str, int]:
        """What the server has counted of a peer since it came."""
        file = self.directory / code / "traffic.json"
        counted: dict[str, dict[str, int]] = json.loads(file.read_bytes()) if file.exists() else {}
        return counted.get(key, {"rx": 0, "tx": 0})

    def _where(self, grant: Grant) -> tuple[str, str]:
        with self.db.begin() as tx:
            there = "SELECT server, public_key FROM wireguard_peers WHERE grant_id = :id AND current"
            row = tx.execute(text(there), {"id": grant.id}).one()
        return row.server, row.public_key

    def _made(
        self, url: str | None = None, secret: str = SECRET, codes: tuple[str, ...] | None = None
    ) -> WireguardFleet:
        servers = [
            VpnServer.model_validate(
                {
                    "code": code,
                    "endpoint": f"{code}.example.net:51820",
                    "location": name,
                    "network4": f"10.{number}.0.0/22",
                    "network6": f"fd42:{number}::/118",
                    **self._server(code, url or self._url, secret),
                }
            )
            for code, (number, name) in zip(self.codes if codes is None else codes, NETWORKS.items(), strict=False)
        ]
        made = WireguardFleet(servers, Cipher("a secret for tests, long enough"), self.db, Clock(None))
        self._stack.callback(made.close)
        return made
