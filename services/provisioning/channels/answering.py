"""What follows from requests to join, and from rights that come back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform import outbox
from services.platform.clock import wall_clock
from services.platform.db import Database
from services.platform.errors import Misconfigured
from services.provisioning.channels.entitled import KIND
from services.provisioning.channels.events import ChannelBack, JoinRequested
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Provisioners
from services.provisioning.provisioners.channel import TelegramChats


def answer_join(db: Database, event: JoinRequested, now: datetime, provisioners: Provisioners) -> None:
    """Lets in who has paid for the chat; has others refused. Raises TryLater, Misconfigured, Rejected."""
    _chats(provisioners).answer(db, event, now)


def decline_join(
    db: Database,
    provisioners: Provisioners,
    *,
    chat_id: int,
    telegram_id: int,
    asked_at: datetime,
    update_id: int,
    now: datetime,
) -> None:
    """Once the person was told; who has paid meanwhile is let in. The fields are those of JoinRequested. Raises
    TryLater, Misconfigured, Rejected."""
    request = JoinRequested(
        chat_id=chat_id,
        title="",
        telegram_id=telegram_id,
        user_chat_id=telegram_id,
        language_code=None,
        ours=True,
        asked_at=asked_at,
        update_id=update_id,
    )
    _chats(provisioners).decline(db, request, now)


def go_on(tx: Session, event: ChannelBack, _now: datetime) -> None:
    """What failed while the bot could not work there is tried again at once."""
    failing = AccessGrantRow.kind == KIND, AccessGrantRow.failing_since.is_not(None)
    grants = tx.scalars(select(AccessGrantRow.id).where(*failing)).all()
    outbox.hurry(tx, "provisioning.apply", "grant_id", grants, wall_clock())
    for reaction in ("provisioning.answer_join", "provisioning.decline_join"):
        outbox.hurry(tx, reaction, "chat_id", [event.chat_id], wall_clock())


def _chats(provisioners: Provisioners) -> TelegramChats:
    found = provisioners.get(KIND)
    if not isinstance(found, TelegramChats):
        raise Misconfigured("nothing here keeps the doors of chats")
    return found
