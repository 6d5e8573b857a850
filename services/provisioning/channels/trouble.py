"""Chats where the bot cannot work: operators are told once, and once more when it can again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.platform.outbox import emit
from services.provisioning.channels.events import ChannelBack, ChannelLost
from services.provisioning.channels.models import ChannelRow


def note_trouble(tx: Session, chat_id: int, reason: str, now: datetime) -> None:
    """Emits ChannelLost when it is news."""
    row = tx.get(ChannelRow, chat_id, with_for_update=True, populate_existing=True)
    if row is not None and row.trouble is None:
        row.trouble, row.trouble_at = reason[:300], now
        emit(tx, ChannelLost(chat_id=chat_id, title=row.title, reason=row.trouble, since=now), now)


def note_fine(tx: Session, chat_id: int, now: datetime) -> None:
    """Emits ChannelBack when it is news."""
    row = tx.get(ChannelRow, chat_id, with_for_update=True, populate_existing=True)
    if row is not None and row.trouble is not None:
        row.trouble = row.trouble_at = None
        emit(tx, ChannelBack(chat_id=chat_id, title=row.title, since=now), now)
