from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import text

from apps.sandbox import vpn
from services.platform.config import VpnServer
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.provisioners.base import Grant
from services.provisioning.provisioners.wireguard import WireguardFleet
from tests.apps.sandbox.running_world import running
from tests.contracts.access_sides import Seen, Side

SECRET = "the secret of all agents"
NOBODY = "http://127.0.0.1:9"  # nothing listens there


class Opened(Side):
    kind = "wireguard"
    modes = ("down", "after", "misconfigured", "out_of_stock")
    gone_while_off = True

    def __init__(self, db: Database, directory: Path) -> None:
        super().__init__(db, directory)
        self._stack = ExitStack()
        self._url = self._stack.enter_context(running(vpn.create_app(directory, secret=SECRET, codes=("de1",))))
        self._http = self._stack.enter_context(httpx.Client(base_url=self._url, trust_env=False, timeout=20))
        self._fleet = self.provisioner = self._made()

    def seen(self, grant: Grant) -> list[Seen]:
        with self.db.begin() as tx:
            keys = "SELECT public_key FROM wireguard_peers WHERE grant_id = :id"
            ours = set(tx.scalars(text(keys), {"id": grant.id}))
        peers = self._http.get("/de1/peers.json").json()["peers"]
        return [Seen(one["public_key"], True, None, one["preshared_key"]) for one in peers if one["public_key"] in ours]

    def everything(self) -> object:
        return self._http.get("/de1/peers.json").json()["peers"]

    def break_down(self, mode: str) -> None:
        match mode:
            case "down":
                self.provisioner = self._made(url=NOBODY)
            case "after":
                assert self._http.post("/faults", json={"mode": "500_after", "times": 1}).status_code == 200
            case "misconfigured":
                self.provisioner = self._made(secret="another secret than theirs")
            case "out_of_stock":
                self.provisioner = self._made(codes=())

    def mend(self) -> None:
        self._http.delete("/faults")
        self.provisioner = self._fleet

    def close(self) -> None:
        self._stack.close()

    def _made(self, url: str | None = None, secret: str = SECRET, codes: tuple[str, ...] = ("de1",)) -> WireguardFleet:
        servers: list[Any] = [
            VpnServer(
                code=code,
                agent_url=f"{url or self._url}/{code}",
                agent_secret=SecretStr(secret),
                public_key=vpn.public_key(code),
                endpoint="de1.example.net:51820",
                location="Frankfurt",
                network4="10.66.0.0/22",
                network6="fd42:66::/118",
            )
            for code in codes
        ]
        made = WireguardFleet(servers, Cipher("a secret for tests, long enough", []))
        self._stack.callback(made.close)
        return made
