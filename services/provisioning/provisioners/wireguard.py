"""Our own WireGuard servers, several at several locations. Who has which address stands in our tables; a server is told
the whole list of its peers, by its agent or through a wg-portal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Interface, IPv6Interface

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.catalog import Good
from services.platform.clock import Clock
from services.platform.config_vpn import VpnServer
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.errors import KioskError
from services.provisioning.models import WireguardPeerRow
from services.provisioning.provisioners.base import (
    Artifact,
    Capability,
    Grant,
    Health,
    Held,
    Location,
    Misconfigured,
    Provisioner,
    Ref,
    TryLater,
)
from services.provisioning.provisioners.wireguard_places import choices, offered_by
from services.provisioning.provisioners.wireguard_pool import Pool
from services.provisioning.provisioners.wireguard_push import Servers
from services.provisioning.provisioners.wireguard_usage import count, is_used_up, meter
from services.provisioning.wireguard import config_file

log = structlog.get_logger(__name__)

OLD_PLACE = "old_place"  # a Held.problem: it moved, and the server it left has not been told yet


class WireguardFleet(Provisioner):
    kind = "wireguard"
    survey_size = 5000  # a server tells of all its peers at once
    capabilities = (
        Capability.SUSPEND
        | Capability.ROTATE
        | Capability.USAGE
        | Capability.RESET_USAGE
        | Capability.LOCATIONS
        | Capability.STOCK
        | Capability.MOVES
    )

    def __init__(self, servers: Sequence[VpnServer], cipher: Cipher, db: Database, clock: Clock) -> None:
        self._settings: Mapping[str, VpnServer] = {server.code: server for server in servers}
        self._pool = Pool(self._settings, cipher)
        self._servers = Servers(self._settings, self._pool)
        self._db, self._clock = db, clock

    def reserve(self, tx: Session, grant: Grant, now: datetime) -> None:
        self._pool.reserve(tx, grant, now)

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        """One that moves gets its new peer first; the old one ends when the new server has confirmed. A server that is
        left and does not answer holds nobody up: it is told by `repair`."""
        self._count_first(db, grant)
        with db.begin() as tx:
            if grant.state == "ended" and self._pool.peer(tx, grant.id) is None:
                return Held("absent")
            peer = self._pool.reserve(tx, grant, now)
            is_applied = self._servers.applied(tx, peer.server) >= peer.revision
        if not is_applied:  # else somebody else's push carried it along
            self._servers.push(db, peer.server, now)
        with db.begin() as tx:
            left = self._pool.leave(tx, peer, now)
        problem = None
        for code in left:
            try:
                self._servers.push(db, code, now)
            except KioskError as error:
                log.warning("left_server_not_told", server=code, grant=grant.id, error=error.code)
                problem = OLD_PLACE
        return replace(self._held(peer), problem=problem)

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        """What was used is counted, in our own tables; a limit that is reached is told, and kept by `survey`."""
        with db.begin() as tx:
            there = self._pool.peer(tx, grant.id)
        if there is None:
            return Held("absent")
        look = self._servers.look(there.server)
        with db.begin() as tx:
            peer = self._pool.peer(tx, grant.id)
            if peer is None or peer.server != there.server:
                raise TryLater("it moves just now", after=2)
            count([peer], look)
            if peer.active and peer.public_key not in look.live:
                self._servers.lost(tx, peer.server)
                return Held("absent")
            held = self._held(peer)
            return replace(held, state="limited") if peer.active and is_used_up(peer, grant) else held

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        self.apply(db, replace(grant, state="ended"), ref, now)

    def stock(self, tx: Session, good: Good, locations: Sequence[str], now: datetime) -> int:
        taken = self._pool.taken(tx, now)
        codes = offered_by(self._settings, good, locations)
        return sum(max(0, self._pool.room(code) - taken.get(code, 0)) for code in codes)

    def locations(self, tx: Session, grant: Grant, now: datetime) -> Sequence[Location]:
        peer, taken = self._pool.peer(tx, grant.id), self._pool.taken(tx, now)
        codes = offered_by(self._settings, grant.good, grant.locations)
        numbers = {code: (taken.get(code, 0), self._pool.room(code)) for code in codes}
        return choices(self._settings, codes, numbers, peer.server if peer else None)

    def places(self, tx: Session) -> Sequence[str]:
        return tuple(self._settings)

    def check(self, place: str) -> Health:
        """`used` are the addresses that cannot be given: of active, suspended and resting peers."""
        says = self._servers.way(place).check()
        with self._db.begin() as tx:
            used = self._pool.taken(tx, self._clock.now()).get(place, 0)
        room = self._pool.room(place)
        return Health(f"{says}, {used} of {room} addresses taken", used=used, capacity=room)

    def survey(
        self, db: Database, place: str, grants: Sequence[tuple[Grant, Ref]], now: datetime
    ) -> Iterator[tuple[int, Held]]:
        """Two questions to a server at most, however many the grants are; those which have moved are looked for where
        they are. Passed over is whose last change is not confirmed yet. What was used is counted, and who has used up
        their traffic is cut off."""
        wishes = {grant.id: grant for grant, _ in grants}
        with db.begin() as tx:
            there = select(WireguardPeerRow.grant_id, WireguardPeerRow.server).where(
                WireguardPeerRow.grant_id.in_(wishes), WireguardPeerRow.current
            )
            servers = {grant_id: server for grant_id, server in tx.execute(there)}  # noqa: C416 - rows are not pairs to mypy
        for server in sorted({*servers.values()}, key=lambda code: code != place):
            own = {grant_id: wishes[grant_id] for grant_id, code in servers.items() if code == server}
            yield from self._survey_one(db, server, own, now)
        yield from ((grant_id, Held("absent")) for grant_id in wishes.keys() - servers.keys())

    def repair(self, db: Database, place: str, now: datetime) -> None:
        self._servers.repair(db, place, now)

    def close(self) -> None:
        self._servers.close()

    def _survey_one(
        self, db: Database, code: str, wishes: Mapping[int, Grant], now: datetime
    ) -> Iterator[tuple[int, Held]]:
        look = self._servers.look(code)
        with db.begin() as tx:
            own = select(WireguardPeerRow).where(
                WireguardPeerRow.server == code, WireguardPeerRow.grant_id.in_(wishes), WireguardPeerRow.current
            )
            peers = tx.scalars(own.order_by(WireguardPeerRow.slot).with_for_update())
            applied = self._servers.applied(tx, code)
            settled = [peer for peer in peers if peer.revision <= applied]
            lost = {peer.grant_id for peer in settled if peer.active and peer.public_key not in look.live}
            count(settled, look)
            metered = [
                peer for peer in settled if peer.grant_id not in lost and meter(peer, wishes[peer.grant_id], now)
            ]
            for peer in metered:
                self._pool.changed(tx, peer)
            if lost:
                self._servers.lost(tx, code)
        if metered:
            self._servers.push(db, code, now)
        for peer in settled:
            yield peer.grant_id, Held("absent") if peer.grant_id in lost else self._held(peer)

    def _count_first(self, db: Database, grant: Grant) -> None:
        """Where there is a limit, what was used until now belongs to the period that may end now. A server that does
        not answer does not stop anything: it is looked at again later."""
        if grant.traffic_bytes is None:
            return
        with db.begin() as tx:
            there = self._pool.peer(tx, grant.id)
        if there is None:
            return
        try:
            look = self._servers.look(there.server)
        except KioskError as error:
            log.info("usage_not_counted", server=there.server, grant=grant.id, error=error.code)
            return
        with db.begin() as tx:
            peer = self._pool.peer(tx, grant.id)
            if peer is not None and peer.server == there.server:
                count([peer], look)

    def _held(self, peer: WireguardPeerRow) -> Held:
        server = self._settings.get(peer.server)
        if server is None:
            raise Misconfigured(f"people have access on {peer.server}, but VPN_SERVERS does not name it")
        secret = self._pool.open(peer)
        config = config_file.render(
            private_key=secret["private"],
            addresses=(IPv4Interface(peer.ipv4), IPv6Interface(peer.ipv6)),
            dns=server.dns,
            server_public_key=server.public_key,
            preshared_key=secret["preshared"],
            endpoint=server.endpoint,
        )
        return Held(
            "active" if peer.active else "limited" if peer.limited else "suspended",
            ref={"server": server.code, "slot": peer.slot},
            key=peer.public_key,
            place=server.code,
            location=server.location,
            used_bytes=peer.used_bytes,
            artifacts=(Artifact("file", config, config_file.file_name(server.code, peer.slot)),),
        )
