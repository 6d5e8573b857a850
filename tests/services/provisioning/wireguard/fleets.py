"""A fleet on a database of its own, with servers of the sandbox world, told by agents or through a portal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from apps.sandbox import vpn, wgportal
from apps.sandbox.environment import AGENT_SECRET, PORTAL_TOKEN
from services.catalog import Good
from services.platform.clock import Clock
from services.platform.config_vpn import VpnServer
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Grant, Held
from services.provisioning.provisioners.wireguard import WireguardFleet
from tests.world import World

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CIPHER = Cipher("a secret for tests, long enough")
GOOD = Good("wireguard", "wireguard", {}, {})
# The codes of two servers for each way. Interfaces of the portal stand for servers.
CODES = {"agent": ("de1", "nl1"), "portal": ("pa1", "pb1")}
INTERFACES = {"pa1": "wg0", "pb1": "wg1"}
NUMBERS = {"de1": 66, "nl1": 67, "pa1": 68, "pb1": 69}


def server(world: World, code: str, **changes: Any) -> VpnServer:
    given: dict[str, Any] = {
        "code": code,
        "endpoint": f"{code}.example.net:51820",
        "location": code.upper(),
        "network4": f"10.{NUMBERS[code]}.0.0/22",
        "network6": f"fd42:{NUMBERS[code]}::/118",
    }
    if code in INTERFACES:
        given |= {"kind": "portal", "portal_url": f"{world.url}/wgportal", "portal_user": "kiosk"}
        given |= {"portal_token": PORTAL_TOKEN, "portal_interface": INTERFACES[code]}
        given |= {"public_key": wgportal.interface_key(INTERFACES[code])}
    else:
        given |= {"agent_url": f"{world.url}/vpn/{code}", "agent_secret": AGENT_SECRET}
        given |= {"public_key": vpn.public_key(code)}
    return VpnServer.model_validate(given | changes)


@dataclass
class Fleet:
    """`way` is how the servers `one` and `two` are told."""

    way: str
    world: World
    db: Database
    port: WireguardFleet
    now: datetime = NOW

    @property
    def one(self) -> str:
        return CODES[self.way][0]

    @property
    def two(self) -> str:
        return CODES[self.way][1]

    def grant(self, **changes: Any) -> Grant:
        """A new grant that is wanted at server `one`, unless `changes` say otherwise."""
        with self.db.begin() as tx:
            number = tx.scalar(text("SELECT coalesce(max(id), 0) + 1 FROM access_grants"))
            row = AccessGrantRow(
                subscription_id=number,
                party="user:1",
                good="wireguard",
                kind="wireguard",
                wanted="active",
                held="absent",
                ends_at=self.now + timedelta(days=30),
                created_at=self.now,
                revision=1,
                applied_revision=0,
                generation=0,
                usage_epoch=0,
                ref={},
            )
            tx.add(row)
            tx.flush()
            ends_at = row.ends_at
            grant = Grant(row.id, 1, "user:1", 7, GOOD, "active", ends_at, locations=(self.one,))
        return replace(grant, **changes)

    def apply(self, grant: Grant) -> Held:
        return self.port.apply(self.db, grant, {}, self.now)

    def fetch(self, grant: Grant) -> Held:
        return self.port.fetch(self.db, grant, {}, self.now)

    def survey(self, code: str, *grants: Grant) -> dict[int, Held]:
        return dict(self.port.survey(self.db, code, [(grant, {}) for grant in grants], self.now))

    def live(self, code: str) -> dict[str, list[str]]:
        """Addresses by public key of those that may connect at a server now."""
        if code in INTERFACES:
            peers = httpx.get(f"{self.world.url}/wgportal/peers.json").json()["peers"]
            there = [p for p in peers if p["InterfaceIdentifier"] == INTERFACES[code] and not p["Disabled"]]
            return {peer["Identifier"]: peer["Addresses"] for peer in there}
        peers = httpx.get(f"{self.world.url}/vpn/{code}/peers.json").json()["peers"]
        return {peer["public_key"]: peer["allowed_ips"] for peer in peers}

    def carry(self, code: str, key: str, rx: int, tx: int) -> None:
        """A buyer's traffic, as the server has counted it."""
        if code in INTERFACES:
            row = {"PeerIdentifier": key, "BytesReceived": rx, "BytesTransmitted": tx}
            httpx.post(f"{self.world.url}/wgportal/traffic", json=row)
        else:
            httpx.post(f"{self.world.url}/vpn/{code}/traffic", json={"public_key": key, "rx": rx, "tx": tx})

    def wipe(self, code: str) -> None:
        """Somebody reinstalls a server: it holds nothing any more."""
        if code in INTERFACES:
            for key in self.live(code):
                httpx.request("DELETE", f"{self.world.url}/wgportal/by-hand", json={"Identifier": key})
        else:
            httpx.post(f"{self.world.url}/vpn/{code}/reinstall")

    def fault(self, mode: str, **how: Any) -> None:
        part = "wgportal" if self.way == "portal" else "vpn"
        assert httpx.post(f"{self.world.url}/{part}/faults", json={"mode": mode, **how}).status_code == 200

    def mend(self) -> None:
        for part in ("wgportal", "vpn"):
            httpx.delete(f"{self.world.url}/{part}/faults")

    def rows(self, columns: str = "*", where: str = "true") -> list[Any]:
        with self.db.begin() as tx:
            query = f"SELECT {columns} FROM wireguard_peers WHERE {where} ORDER BY server, slot"
            return list(tx.execute(text(query)))


def key_in(held: Held) -> str:
    """The private key of the file that the owner gets."""
    return held.artifacts[0].content.split("PrivateKey = ")[1].split("\n")[0]


@contextmanager
def fleet_of(way: str, world: World, db: Database, servers: list[VpnServer]) -> Iterator[Fleet]:
    port = WireguardFleet(servers, CIPHER, db, Clock(None))
    fleet = Fleet(way, world, db, port)
    try:
        yield fleet
    finally:
        fleet.mend()
        port.close()
