"""Who has which address of which server, in our own tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Interface, IPv6Interface

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.platform.config_vpn import VpnServer
from services.platform.crypto import Cipher
from services.provisioning.models import WireguardPeerRow, WireguardServerRow
from services.provisioning.provisioners import wireguard_usage as usage
from services.provisioning.provisioners.base import Grant, Misconfigured, OutOfStock
from services.provisioning.provisioners.wireguard_places import allowed
from services.provisioning.wireguard import addresses, keys
from services.provisioning.wireguard.ways import WantedPeer

REST = timedelta(days=3)  # an ended peer's addresses and keys wait so long for their owner


class Pool:
    """Everything works in the caller's transaction."""

    def __init__(self, servers: Mapping[str, VpnServer], cipher: Cipher) -> None:
        self._servers = servers
        self._cipher = cipher

    def reserve(self, tx: Session, grant: Grant, now: datetime) -> WireguardPeerRow:
        """The grant's peer, as the grant wants it: one is found when there is none, or none where the grant may be.
        Raises OutOfStock."""
        peer = self.peer(tx, grant.id)
        if peer is None or self._is_to_move(peer, grant):
            peer = self._allocate(tx, grant, peer, now)
        usage.begin_anew(peer, grant, now)
        before = (peer.active, peer.free_after is None, peer.generation, peer.revision > 0)
        if peer.generation < grant.generation:
            self._renew_keys(peer, grant)
        peer.limited = grant.state == "active" and usage.is_used_up(peer, grant)
        peer.active = grant.state == "active" and not peer.limited
        peer.free_after = None if grant.state != "ended" else peer.free_after or now + REST
        if before != (peer.active, peer.free_after is None, peer.generation, True):
            self.changed(tx, peer)
        return peer

    def leave(self, tx: Session, peer: WireguardPeerRow, now: datetime) -> list[str]:
        """Ends what the grant has elsewhere, unless it has moved on from `peer` meanwhile. Returns the servers which
        are to be told."""
        current = self.peer(tx, peer.grant_id)
        if current is None or current.server != peer.server:
            return []
        others = select(WireguardPeerRow).where(
            WireguardPeerRow.grant_id == peer.grant_id, ~WireguardPeerRow.current, WireguardPeerRow.active
        )
        left = []
        for other in tx.scalars(others.order_by(WireguardPeerRow.server).with_for_update()):
            other.active, other.free_after = False, now + REST
            self.changed(tx, other)
            left.append(other.server)
        return left

    def changed(self, tx: Session, peer: WireguardPeerRow) -> None:
        """The server is to be told of it."""
        peer.revision = self.next_revision(tx, peer.server)

    def peer(self, tx: Session, grant_id: int) -> WireguardPeerRow | None:
        own = select(WireguardPeerRow).where(WireguardPeerRow.grant_id == grant_id, WireguardPeerRow.current)
        return tx.scalar(own.with_for_update())

    def wanted(self, tx: Session, code: str) -> tuple[int, list[WantedPeer]]:
        """The server's revision and everybody who is to be there, suspended ones too. Raises Misconfigured when two
        of them would share an address, or one has the server's own: WireGuard would not say a word."""
        revision = tx.get_one(WireguardServerRow, code).revision
        there = or_(WireguardPeerRow.active, WireguardPeerRow.free_after.is_(None))
        rows = select(WireguardPeerRow).where(WireguardPeerRow.server == code, there).order_by(WireguardPeerRow.slot)
        peers = [
            WantedPeer(
                key=f"k{row.grant_id}",
                public_key=row.public_key,
                preshared_key=self.open(row)["preshared"],
                addresses=(IPv4Interface(row.ipv4), IPv6Interface(row.ipv6)),
                active=row.active,
            )
            for row in tx.scalars(rows)
        ]
        server = self._servers[code]
        seen = set(addresses.addresses(server.network4, server.network6, 1))
        for peer in peers:
            if not seen.isdisjoint(peer.addresses):
                raise Misconfigured(f"an address of {peer.key} on {code} belongs to another peer or to the server")
            seen.update(peer.addresses)
        return revision, peers

    def taken(self, tx: Session, now: datetime) -> dict[str, int]:
        """By server, the addresses that cannot be given: of active, suspended and resting peers."""
        count = select(WireguardPeerRow.server, func.count()).where(~_is_free(now)).group_by(WireguardPeerRow.server)
        return {server: number for server, number in tx.execute(count)}  # noqa: C416 - rows are not pairs to mypy

    def room(self, code: str) -> int:
        """How many a server takes at all."""
        server = self._servers[code]
        return len(addresses.slots(server.network4, server.network6, server.capacity))

    def next_revision(self, tx: Session, code: str) -> int:
        """Locks the server until the transaction ends: changes of its list take turns."""
        first = insert(WireguardServerRow).values(code=code, revision=1, applied=0)
        row = first.on_conflict_do_update(
            index_elements=["code"], set_={"revision": WireguardServerRow.revision + 1}
        ).returning(WireguardServerRow.revision)
        return tx.scalars(row).one()

    def open(self, peer: WireguardPeerRow) -> dict[str, str]:
        """Its "private" and "preshared" key."""
        secret: dict[str, str] = json.loads(self._cipher.open(peer.sealed_keys, _place(peer.grant_id)))
        return secret

    def _is_to_move(self, peer: WireguardPeerRow, grant: Grant) -> bool:
        """A suspended one moves when it goes on. A server that the settings name no more is left only when the owner
        asks: its name may merely have been misspelt."""
        codes = allowed(self._servers, grant)
        if grant.state != "active" or not codes or peer.server in codes:
            return False
        return peer.server in self._servers or grant.location is not None

    def _allocate(self, tx: Session, grant: Grant, old: WireguardPeerRow | None, now: datetime) -> WireguardPeerRow:
        """An address on the emptiest of the servers where the grant may be. Raises OutOfStock."""
        codes, taken = allowed(self._servers, grant), self.taken(tx, now)
        fullness = {code: taken.get(code, 0) / self.room(code) for code in codes if self.room(code)}
        if old is not None:
            old.current = False
            tx.flush()
        for code in sorted(fullness, key=lambda code: fullness[code]):
            # The lock on a server that proves to be full is given back.
            with tx.begin_nested() as attempt:
                self.next_revision(tx, code)
                peer = self._found(tx, code, grant, now)
                if peer is None:
                    attempt.rollback()
                    continue
                returns = peer.active and peer.grant_id == grant.id
                peer.current = True
                if not returns:  # else it comes back before it had gone
                    peer.grant_id, peer.active, peer.free_after, peer.revision = grant.id, False, now, 0
                    peer.counted_bytes, peer.counted_at, peer.limited = 0, None, False
                    self._renew_keys(peer, grant)
                peer.used_bytes, peer.usage_epoch = (old.used_bytes, old.usage_epoch) if old else (0, grant.usage_epoch)
                peer.counting_since = old.counting_since if old else now
                tx.add(peer)
                tx.flush()
                return peer
        raise OutOfStock(f"no free address on {', '.join(codes) or 'any configured server'}")

    def _found(self, tx: Session, code: str, grant: Grant, now: datetime) -> WireguardPeerRow | None:
        """What the grant had there before (who goes to and fro takes no more addresses than servers), what nobody else
        has, or a new one."""
        mine = select(WireguardPeerRow).where(WireguardPeerRow.server == code, WireguardPeerRow.grant_id == grant.id)
        own = tx.scalar(mine.with_for_update())
        if own is not None and (own.active or own.free_after is None or own.free_after > now):
            return own
        if self.taken(tx, now).get(code, 0) >= self.room(code):
            return None
        rested = select(WireguardPeerRow).where(WireguardPeerRow.server == code, _is_free(now))
        first = rested.order_by(WireguardPeerRow.free_after).limit(1).with_for_update(skip_locked=True)
        return own or tx.scalar(first) or self._new(tx, code)

    def _new(self, tx: Session, code: str) -> WireguardPeerRow | None:
        server = self._servers[code]
        room = addresses.slots(server.network4, server.network6, server.capacity)
        last = tx.scalar(select(func.max(WireguardPeerRow.slot)).where(WireguardPeerRow.server == code))
        slot = room.start if last is None else last + 1
        if slot not in room:
            return None
        ipv4, ipv6 = addresses.addresses(server.network4, server.network6, slot)
        return WireguardPeerRow(server=code, slot=slot, ipv4=str(ipv4), ipv6=str(ipv6), active=False)

    def _renew_keys(self, peer: WireguardPeerRow, grant: Grant) -> None:
        pair = keys.generate_keypair()
        secret = {"private": pair.private, "preshared": keys.generate_preshared_key()}
        peer.public_key, peer.generation, peer.counted_bytes = pair.public, grant.generation, 0
        peer.sealed_keys = self._cipher.seal(json.dumps(secret).encode(), _place(grant.id))


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Not null even where there is no `free_after`: a suspended peer is never free."""
    return ~WireguardPeerRow.active & WireguardPeerRow.free_after.is_not(None) & (WireguardPeerRow.free_after <= now)


def _place(grant_id: int) -> str:
    return f"wireguard_peers.sealed_keys:{grant_id}"
