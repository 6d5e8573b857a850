from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class AccessGrantRow(Base):
    """One good of a subscription: what is wanted and what the other side has.

    `wanted`: active, suspended or ended, as the subscription says; `barred` is why an operator suspends it whatever
    that says. `held` is what the other side had when it last answered (base.Held.state), at `checked_at`. `revision`
    rises with every change of what is wanted, `applied_revision` is the newest that the other side confirmed.
    `generation`, `usage_epoch`, `location`, `place` and `ref` as in base.Grant and base.Held; `place_name` is its
    location in words, `credentials` its key. `sealed` are the artifacts.

    `claimed_until` keeps two workers from applying at once (wall clock). `announced_key` names the credentials which
    the owner was sent, `delayed_at` is when they were told that it takes longer, `sold_out_at` when nothing was left to
    give to the payer of `sold_out_invoice_id`, `failing_since` when the other side last stopped taking it.

    `hinted_at` is when the other side last said something of it that was not looked into yet, `gone_at` when it was
    found gone with too many others to be made again, `failed_at` when its owner was offered the money back,
    `alerted_at` when operators were told that it cannot be taken back, `removed_at` when the last of it was removed."""

    __tablename__ = "access_grants"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    subscription_id: Mapped[int]
    party: Mapped[str]
    good: Mapped[str]
    kind: Mapped[str]
    wanted: Mapped[str]
    held: Mapped[str]
    ends_at: Mapped[datetime]
    created_at: Mapped[datetime]
    revision: Mapped[int]
    applied_revision: Mapped[int]
    generation: Mapped[int]
    usage_epoch: Mapped[int]
    location: Mapped[str | None]
    place: Mapped[str | None]
    place_name: Mapped[str | None]
    credentials: Mapped[str | None]
    ref: Mapped[dict[str, Any]]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    used_bytes: Mapped[int | None]
    barred: Mapped[str | None]
    problem: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    delayed_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    sold_out_at: Mapped[datetime | None]
    sold_out_invoice_id: Mapped[int | None]
    announced_key: Mapped[str | None]
    hinted_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    alerted_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("subscription_id", "good"),
        Index("access_grants_place", "kind", "place", "checked_at"),
        Index("access_grants_party", "party"),
        Index("access_grants_failing", "failing_since", postgresql_where=text("failing_since IS NOT NULL")),
        Index("access_grants_unapplied", "id", postgresql_where=text("applied_revision < revision")),
        Index("access_grants_ended", "ends_at", postgresql_where=text("wanted = 'ended'")),
    )


class WireguardServerRow(Base):
    """`revision` rises with every change of the server's peers; `applied` is the newest that its agent confirmed."""

    __tablename__ = "wireguard_servers"
    code: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    applied: Mapped[int]
    applied_at: Mapped[datetime | None]


class WireguardPeerRow(Base):
    """One address pair of a server and who has it. An inactive peer keeps its keys: a suspended one for good, an ended
    one until `free_after`, so that who renews late keeps the same configuration; then the addresses may go to somebody
    else. `revision` is the server's at this peer's last change, `generation` the grant's when its keys were made.

    Of a grant that moves, the new peer is `current`, and the old one stays active until the new one is confirmed.
    `used_bytes` were used since `counting_since`, in the grant's `usage_epoch`; `counted_bytes` is what the server's
    counter, which begins anew with every restart, showed at `counted_at` (wall clock). A `limited` one is inactive
    because it has used up its traffic."""

    __tablename__ = "wireguard_peers"
    server: Mapped[str] = mapped_column(ForeignKey(WireguardServerRow.code), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)
    ipv4: Mapped[str]
    ipv6: Mapped[str]
    grant_id: Mapped[int] = mapped_column(ForeignKey(AccessGrantRow.id))
    public_key: Mapped[str]
    sealed_keys: Mapped[bytes] = mapped_column(LargeBinary)
    revision: Mapped[int]
    generation: Mapped[int]
    active: Mapped[bool]
    free_after: Mapped[datetime | None]
    current: Mapped[bool]
    limited: Mapped[bool]
    used_bytes: Mapped[int]
    counted_bytes: Mapped[int]
    usage_epoch: Mapped[int]
    counted_at: Mapped[datetime | None]
    counting_since: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("server", "ipv4"),
        UniqueConstraint("server", "ipv6"),
        UniqueConstraint("server", "public_key"),
        UniqueConstraint("server", "grant_id"),
        Index("wireguard_peers_current", "grant_id", unique=True, postgresql_where=text("current")),
        Index("wireguard_peers_free", "server", "free_after", postgresql_where=text("NOT active")),
    )
