from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class MessageRow(Base):
    """`key` says what this message is about: the same thing is said once. `params` are ids and plain values, never
    secrets. `state`: queued, sending (on its way, or the worker died meanwhile), sent, maybe (nobody knows: not
    repeated), refused, dropped (the person cannot be reached, or newer news of the same followed)."""

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    telegram_id: Mapped[int]
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    state: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    telegram_message_id: Mapped[int | None]
    error: Mapped[str | None]
    __table_args__ = (
        Index("messages_waiting", "telegram_id", "id", postgresql_where=text("state IN ('queued', 'sending')")),
    )


class SentFileRow(Base):
    """A file that Telegram has: `account` (the bot's id) sends it again by `file_id`. `version` names the content."""

    __tablename__ = "sent_files"
    account: Mapped[str] = mapped_column(primary_key=True)
    good: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[str]
    sent_at: Mapped[datetime]
