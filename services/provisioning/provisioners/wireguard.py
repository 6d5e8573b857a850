"""Our own WireGuard servers: who has which address stands in our tables; a server's agent is sent the whole list."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Interface, IPv6Interface

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.platform.config import VpnServer
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.models import WireguardPeerRow, WireguardServerRow
from services.provisioning.provisioners.base import (
    Artifact,
    Capability,
    Grant,
    Health,
    Held,
    Misconfigured,
    OutOfStock,
    Provisioner,
    Ref,
    TryLater,
)
from services.provisioning.wireguard import addresses, config_file, keys
from services.provisioning.wireguard.agent import AgentClient, Peer, StaleRevision

REST = timedelta(days=3)  # an ended peer's addresses and keys wait so long for their owner
PUSHES = 4


class WireguardFleet(Provisioner):
    kind = "wireguard"
    capabilities = Capability.SUSPEND | Capability.ROTATE | Capability.STOCK | Capability.MOVES

    def __init__(self, servers: Sequence[VpnServer], cipher: Cipher) -> None:
        self._servers: Mapping[str, VpnServer] = {server.code: server for server in servers}
        self._agents = {s.code: AgentClient(s.agent_url, s.agent_secret.get_secret_value()) for s in servers}
        self._cipher = cipher

    def reserve(self, tx: Session, grant: Grant, now: datetime) -> None:
        peer = self._peer(tx, grant.id) or self._allocate(tx, grant, now)
        is_active = grant.state == "active"
        if peer.generation < grant.generation:
            self._renew_keys(peer, grant)
        elif peer.active == is_active and (peer.free_after is None or grant.state == "ended"):
            return
        peer.active, peer.free_after = is_active, None if grant.state != "ended" else now + REST
        peer.revision = self._next_revision(tx, peer.server)

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        with db.begin() as tx:
            if grant.state == "ended" and self._peer(tx, grant.id) is None:
                return Held("absent")
            self.reserve(tx, grant, now)
            peer = self._known(tx, grant)
            is_applied = tx.get_one(WireguardServerRow, peer.server).applied >= peer.revision
        if not is_applied:  # else somebody else's push carried it along
            self._push(db, peer.server, now)
        return self._held(peer)

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        with db.begin() as tx:
            peer = self._peer(tx, grant.id)
        return self._held(peer) if peer else Held("absent")

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        self.apply(db, replace(grant, state="ended"), ref, now)

    def places(self, tx: Session) -> Sequence[str]:
        return tuple(self._servers)

    def check(self, place: str) -> Health:
        health = self._agents[place].health()
        if not health.applied and health.peers:
            raise TryLater(f"the interface {health.interface} does not hold its {health.peers} peers")
        says = f"{health.peers} peers on {health.interface}, revision {health.revision}, agent {health.version}"
        return Health(says, used=health.peers, capacity=self._servers[place].capacity)

    def repair(self, db: Database, place: str, now: datetime) -> None:
        with db.begin() as tx:
            row = tx.get(WireguardServerRow, place)
        if row is None:
            return  # nobody ever bought there
        if self._agents[place].health().revision != row.revision:
            self._push(db, place, now)

    def close(self) -> None:
        for agent in self._agents.values():
            agent.close()

    def _held(self, peer: WireguardPeerRow) -> Held:
        server = self._server(peer.server)
        secret = self._open(peer)
        config = config_file.render(
            private_key=secret["private"],
            addresses=(IPv4Interface(peer.ipv4), IPv6Interface(peer.ipv6)),
            dns=server.dns,
            server_public_key=server.public_key,
            preshared_key=secret["preshared"],
            endpoint=server.endpoint,
        )
        return Held(
            "active" if peer.active else "suspended",
            ref={"server": server.code, "slot": peer.slot},
            key=peer.public_key,
            place=server.code,
            location=server.location,
            artifacts=(Artifact("file", config, config_file.file_name(server.code, peer.slot)),),
        )

    def _allocate(self, tx: Session, grant: Grant, now: datetime) -> WireguardPeerRow:
        """An address on the emptiest of the servers that has room. Raises OutOfStock."""
        allowed = [code for code in self._servers if not grant.locations or code in grant.locations]
        taken = select(WireguardPeerRow.server, func.count()).where(WireguardPeerRow.active)
        counts = {server: count for server, count in tx.execute(taken.group_by(WireguardPeerRow.server))}  # noqa: C416 - rows are not pairs to mypy
        for code in sorted(allowed, key=lambda code: counts.get(code, 0) / self._servers[code].capacity):
            self._next_revision(tx, code)  # locks the server: allocations there take turns
            peer = self._free_peer(tx, code, now) or self._new_peer(tx, code)
            if peer is not None:
                peer.grant_id, peer.active, peer.free_after, peer.revision = grant.id, False, now, 0
                self._renew_keys(peer, grant)
                tx.add(peer)
                tx.flush()
                return peer
        raise OutOfStock(f"no free address on {', '.join(allowed) or 'any configured server'}")

    def _renew_keys(self, peer: WireguardPeerRow, grant: Grant) -> None:
        pair = keys.generate_keypair()
        secret = {"private": pair.private, "preshared": keys.generate_preshared_key()}
        peer.public_key, peer.generation = pair.public, grant.generation
        peer.sealed_keys = self._cipher.seal(json.dumps(secret).encode(), _place(grant.id))

    def _free_peer(self, tx: Session, code: str, now: datetime) -> WireguardPeerRow | None:
        rested = (
            select(WireguardPeerRow)
            .where(WireguardPeerRow.server == code, ~WireguardPeerRow.active, WireguardPeerRow.free_after <= now)
            .order_by(WireguardPeerRow.free_after)
            .limit(1)
        )
        return tx.scalar(rested.with_for_update(skip_locked=True))

    def _new_peer(self, tx: Session, code: str) -> WireguardPeerRow | None:
        server = self._servers[code]
        room = addresses.slots(server.network4, server.network6, server.capacity)
        last = tx.scalar(select(func.max(WireguardPeerRow.slot)).where(WireguardPeerRow.server == code))
        slot = room.start if last is None else last + 1
        if slot not in room:
            return None
        ipv4, ipv6 = addresses.addresses(server.network4, server.network6, slot)
        return WireguardPeerRow(server=code, slot=slot, ipv4=str(ipv4), ipv6=str(ipv6))

    def _push(self, db: Database, code: str, now: datetime) -> None:
        """Sends the whole list. No lock is held meanwhile: the agent refuses an older list than it has, and then
        the newest is read again."""
        agent = self._agent(code)
        for _ in range(PUSHES):
            with db.begin() as tx:
                revision = tx.get_one(WireguardServerRow, code).revision
                peers = self._wanted(tx, code)
            try:
                agent.push(revision, peers)
            except StaleRevision as stale:
                # It has a newer list than we read, or (our database was restored) than we ever made.
                with db.begin() as tx:
                    behind = WireguardServerRow.code == code, WireguardServerRow.revision <= stale.applied
                    tx.execute(update(WireguardServerRow).where(*behind).values(revision=stale.applied + 1))
                continue
            with db.begin() as tx:
                newest = func.greatest(WireguardServerRow.applied, revision)
                mark = update(WireguardServerRow).where(WireguardServerRow.code == code)
                tx.execute(mark.values(applied=newest, applied_at=now))
            return
        raise TryLater(f"the list of {code} changes faster than it is sent", after=2)

    def _wanted(self, tx: Session, code: str) -> list[Peer]:
        active = select(WireguardPeerRow).where(WireguardPeerRow.server == code, WireguardPeerRow.active)
        return [
            Peer(row.public_key, self._open(row)["preshared"], (IPv4Interface(row.ipv4), IPv6Interface(row.ipv6)))
            for row in tx.scalars(active.order_by(WireguardPeerRow.slot))
        ]

    def _peer(self, tx: Session, grant_id: int) -> WireguardPeerRow | None:
        return tx.scalar(select(WireguardPeerRow).where(WireguardPeerRow.grant_id == grant_id).with_for_update())

    def _known(self, tx: Session, grant: Grant) -> WireguardPeerRow:
        peer = self._peer(tx, grant.id)
        assert peer, "it was reserved"
        return peer

    def _next_revision(self, tx: Session, code: str) -> int:
        first = insert(WireguardServerRow).values(code=code, revision=1, applied=0)
        row = first.on_conflict_do_update(
            index_elements=["code"], set_={"revision": WireguardServerRow.revision + 1}
        ).returning(WireguardServerRow.revision)
        return tx.scalars(row).one()

    def _open(self, peer: WireguardPeerRow) -> dict[str, str]:
        secret: dict[str, str] = json.loads(self._cipher.open(peer.sealed_keys, _place(peer.grant_id)))
        return secret

    def _server(self, code: str) -> VpnServer:
        if code not in self._servers:
            raise Misconfigured(f"people have access on {code}, but VPN_SERVERS does not name it")
        return self._servers[code]

    def _agent(self, code: str) -> AgentClient:
        return self._agents[self._server(code).code]


def _place(grant_id: int) -> str:
    return f"wireguard_peers.sealed_keys:{grant_id}"
