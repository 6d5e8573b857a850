"""Telling servers what our tables say, and looking at what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.platform.clock import wall_clock
from services.platform.config_vpn import VpnServer
from services.platform.db import Database
from services.provisioning.models import WireguardServerRow
from services.provisioning.provisioners.base import Misconfigured, TryLater
from services.provisioning.provisioners.wireguard_pool import Pool
from services.provisioning.provisioners.wireguard_usage import Look
from services.provisioning.wireguard.agent import StaleRevision
from services.provisioning.wireguard.ways import WantedPeer, Way, way_to

PUSHES = 4


class Servers:
    """No lock is held while a server is talked to: it refuses an older list than it has (the agent), or the list is
    looked at again afterwards (a portal)."""

    def __init__(self, servers: Mapping[str, VpnServer], pool: Pool) -> None:
        self._ways = {code: way_to(server) for code, server in servers.items()}
        self._pool = pool

    def way(self, code: str) -> Way:
        """Raises Misconfigured."""
        if code not in self._ways:
            raise Misconfigured(f"people have access on {code}, but VPN_SERVERS does not name it")
        return self._ways[code]

    def push(self, db: Database, code: str, now: datetime) -> None:
        """Until the server holds the newest list."""
        way = self.way(code)
        for _ in range(PUSHES):
            try:
                pushed = way.push(lambda: self._read(db, code))
            except StaleRevision as stale:
                # It has a newer list than we read, or (our database was restored) than we ever made.
                with db.begin() as tx:
                    behind = WireguardServerRow.code == code, WireguardServerRow.revision <= stale.applied
                    tx.execute(update(WireguardServerRow).where(*behind).values(revision=stale.applied + 1))
                continue
            with db.begin() as tx:
                newest = func.greatest(WireguardServerRow.applied, pushed)
                mark = update(WireguardServerRow).where(WireguardServerRow.code == code)
                row = mark.values(applied=newest, applied_at=now).returning(WireguardServerRow.revision)
                if tx.scalars(row).one() == pushed or way.keeps_order:
                    return
        raise TryLater(f"the list of {code} changes faster than it is sent", after=2)

    def repair(self, db: Database, code: str, now: datetime) -> None:
        """Pushes when the server holds something else than our newest list."""
        with db.begin() as tx:
            if tx.get(WireguardServerRow, code) is None:
                return  # nobody ever bought there
        if not self.way(code).holds(lambda: self._read(db, code)):
            self.push(db, code, now)

    def look(self, code: str) -> Look:
        asked_at, way = wall_clock(), self.way(code)
        live, stats = way.look()
        return Look(frozenset(live), stats, asked_at, wall_clock())

    def lost(self, tx: Session, code: str) -> None:
        """A confirmed peer is not there: the next push must not be thought unnecessary."""
        tx.execute(update(WireguardServerRow).where(WireguardServerRow.code == code).values(applied=0))

    def applied(self, tx: Session, code: str) -> int:
        return tx.scalar(select(WireguardServerRow.applied).where(WireguardServerRow.code == code)) or 0

    def close(self) -> None:
        for way in self._ways.values():
            way.close()

    def _read(self, db: Database, code: str) -> tuple[int, list[WantedPeer]]:
        with db.begin() as tx:
            return self._pool.wanted(tx, code)
