"""Who may be in a chat: the one question behind every door that is opened or closed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import catalog, identity
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Misconfigured

KIND = "channel"


def chat_of(good: catalog.Good) -> int:
    """The chat that a good of this kind lets in to. Raises Misconfigured."""
    chat = good.options.get("chat")
    if type(chat) is not int:
        raise Misconfigured(f"the good {good.name} names no chat")
    return chat


def entitled(tx: Session, telegram_id: int, chat_id: int, now: datetime) -> int | None:
    """A grant, as it is wanted at this moment, that lets this person into this chat: the id of the one that lasts
    longest."""
    user = identity.find_user(tx, telegram_id)
    if user is None:
        return None
    wanted = (
        select(AccessGrantRow)
        .where(AccessGrantRow.party == str(user.party), AccessGrantRow.kind == KIND)
        .where(AccessGrantRow.wanted == "active", AccessGrantRow.ends_at > now)
        .where(AccessGrantRow.barred.is_(None), AccessGrantRow.sold_out_at.is_(None))
        .order_by(AccessGrantRow.ends_at.desc(), AccessGrantRow.id)
    )
    rows = tx.scalars(wanted)
    return next((row.id for row in rows if catalog.good(tx, row.good).options.get("chat") == chat_id), None)
