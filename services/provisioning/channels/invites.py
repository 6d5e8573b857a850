"""The links that let people ask. Each is of one grant; whoever has it may only ask, so it may be shared."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.channels.api import DoorApi
from services.provisioning.channels.entitled import goods_of
from services.provisioning.channels.models import ChannelInviteRow
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Grant


def ensure_link(db: Database, api: DoorApi, cipher: Cipher, chat_id: int, grant: Grant, now: datetime) -> str:
    """The grant's link of its present generation. An older one is revoked first. If we die between Telegram's answer
    and our note, a link stays that nobody knows: it lets nobody in by itself. Raises as DoorApi."""
    with db.begin() as tx:
        row = tx.get(ChannelInviteRow, (chat_id, grant.id))
        if row is not None and row.generation >= grant.generation:
            return _open(cipher, row)
    if row is not None:
        revoke(db, api, cipher, row)
    link = api.make_link(chat_id, grant.key)
    sealed = cipher.seal(link.encode(), _place(chat_id, grant.id))
    with db.begin() as tx:
        tx.add(
            ChannelInviteRow(
                chat_id=chat_id, grant_id=grant.id, generation=grant.generation, sealed_link=sealed, made_at=now
            )
        )
    return link


def link_in(tx: Session, cipher: Cipher, chat_id: int, grant_id: int) -> str | None:
    """The link that is valid now, if any."""
    row = tx.get(ChannelInviteRow, (chat_id, grant_id))
    return _open(cipher, row) if row else None


def links_of(tx: Session, grant_id: int) -> list[ChannelInviteRow]:
    """In every chat that the grant ever led to, and that it is not closed in yet."""
    return list(tx.scalars(select(ChannelInviteRow).where(ChannelInviteRow.grant_id == grant_id)))


def stale_links(tx: Session, chat_id: int) -> list[ChannelInviteRow]:
    """Those to one chat that nothing wants any more: the grant has ended, or its good leads to another chat now."""
    unwanted = or_(AccessGrantRow.wanted == "ended", AccessGrantRow.good.not_in(goods_of(tx, chat_id)))
    links = select(ChannelInviteRow).join(AccessGrantRow, AccessGrantRow.id == ChannelInviteRow.grant_id)
    return list(tx.scalars(links.where(ChannelInviteRow.chat_id == chat_id, unwanted)))


def revoke(db: Database, api: DoorApi, cipher: Cipher, row: ChannelInviteRow) -> None:
    """Raises as DoorApi."""
    api.revoke_link(row.chat_id, _open(cipher, row))
    with db.begin() as tx:
        known = tx.get(ChannelInviteRow, (row.chat_id, row.grant_id), with_for_update=True)
        if known is not None and known.generation == row.generation:
            tx.delete(known)


def _open(cipher: Cipher, row: ChannelInviteRow) -> str:
    return cipher.open(row.sealed_link, _place(row.chat_id, row.grant_id)).decode()


def _place(chat_id: int, grant_id: int) -> str:
    return f"channel_invites.sealed_link:{chat_id}:{grant_id}"
