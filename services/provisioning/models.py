from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class AccessGrantRow(Base):
    """What a subscription gives of one kind. `state`: preparing, ready, ended. `announced_key` is the public key whose
    configuration the person was told of; `delayed_at` when they were told that it takes longer."""

    __tablename__ = "access_grants"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    subscription_id: Mapped[int]
    party: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    ends_at: Mapped[datetime]
    created_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    delayed_at: Mapped[datetime | None]
    announced_key: Mapped[str | None]
    __table_args__ = (UniqueConstraint("subscription_id", "kind"),)


class WireguardServerRow(Base):
    """`revision` rises with every change of the server's peers; `applied` is the newest that its agent confirmed."""

    __tablename__ = "wireguard_servers"
    code: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    applied: Mapped[int]
    applied_at: Mapped[datetime | None]


class WireguardPeerRow(Base):
    """One address pair of a server and who has it. An inactive peer keeps its keys until `free_after`, so that who
    renews late keeps the same configuration; then the addresses may go to somebody else. `revision` is the server's
    at this peer's last change."""

    __tablename__ = "wireguard_peers"
    server: Mapped[str] = mapped_column(ForeignKey(WireguardServerRow.code), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)
    ipv4: Mapped[str]
    ipv6: Mapped[str]
    grant_id: Mapped[int] = mapped_column(ForeignKey(AccessGrantRow.id), unique=True)
    public_key: Mapped[str]
    sealed_keys: Mapped[bytes] = mapped_column(LargeBinary)
    revision: Mapped[int]
    active: Mapped[bool]
    free_after: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("server", "ipv4"),
        UniqueConstraint("server", "ipv6"),
        UniqueConstraint("server", "public_key"),
        Index("wireguard_peers_free", "server", "free_after", postgresql_where=text("NOT active")),
    )
