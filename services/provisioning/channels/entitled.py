"""Who may be in a chat: the one question behind every door that is opened or closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from services import catalog, identity
from services.provisioning.channels.models import ChannelMemberRow
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Misconfigured

KIND = "channel"


def chat_of(good: catalog.Good) -> int:
    """The chat that a good of this kind lets in to. Raises Misconfigured."""
    chat = good.options.get("chat")
    if type(chat) is not int:
        raise Misconfigured(f"the good {good.name} names no chat")
    return chat


def goods_of(tx: Session, chat_id: int) -> list[str]:
    """The goods that lead there, by name."""
    return [good.name for good in catalog.goods(tx) if good.kind == KIND and good.options.get("chat") == chat_id]


def entitled(tx: Session, telegram_id: int, chat_id: int, now: datetime) -> int | None:
    """A grant, as it is wanted at this moment, that lets this person into this chat: the id of the one that lasts
    longest."""
    user = identity.find_user(tx, telegram_id)
    if user is None:
        return None
    wanted = select(AccessGrantRow.id).where(
        AccessGrantRow.party == str(user.party), *_opens(AccessGrantRow, goods_of(tx, chat_id), now)
    )
    return tx.scalar(wanted.order_by(AccessGrantRow.ends_at.desc(), AccessGrantRow.id).limit(1))


def last_grant(tx: Session, telegram_id: int, chat_id: int) -> int | None:
    """The grant that has entitled this person last, or still does."""
    user = identity.find_user(tx, telegram_id)
    if user is None:
        return None
    own = select(AccessGrantRow.id).where(
        AccessGrantRow.party == str(user.party), AccessGrantRow.good.in_(goods_of(tx, chat_id))
    )
    return tx.scalar(own.order_by(AccessGrantRow.ends_at.desc()).limit(1))


def overstaying(tx: Session, chat_id: int, now: datetime) -> list[int]:
    """Telegram ids of all whom we let into this chat and whom nothing entitles to be there any more."""
    came_by, other = aliased(AccessGrantRow), aliased(AccessGrantRow)
    may_stay = select(other.id).where(other.party == came_by.party, *_opens(other, goods_of(tx, chat_id), now))
    ours = (
        select(ChannelMemberRow.telegram_id)
        .join(came_by, came_by.id == ChannelMemberRow.grant_id)
        .where(ChannelMemberRow.chat_id == chat_id, ~may_stay.exists())
    )
    return list(tx.scalars(ours))


def _opens(grant: Any, goods: Sequence[str], now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        grant.good.in_(goods),
        grant.wanted == "active",
        grant.ends_at > now,
        grant.barred.is_(None),
        grant.sold_out_at.is_(None),
    )
