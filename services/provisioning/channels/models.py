from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class ChannelRow(Base):
    """A chat that is sold. `trouble` says why the bot cannot work there, since `trouble_at`; `told_at` and `told_update`
    are date and number of the newest update about its rights."""

    __tablename__ = "channels"
    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    trouble: Mapped[str | None]
    trouble_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    told_update: Mapped[int | None]


class ChannelPassRow(Base):
    """What one grant wants in one chat. `state`: active, suspended, ended. The link was made for `link_generation` of the
    grant's credentials; without one there is nothing to revoke."""

    __tablename__ = "channel_passes"
    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    grant_key: Mapped[str] = mapped_column(primary_key=True)
    telegram_id: Mapped[int]
    state: Mapped[str]
    ends_at: Mapped[datetime | None]
    revision: Mapped[int]
    sealed_link: Mapped[bytes | None] = mapped_column(LargeBinary)
    link_generation: Mapped[int | None]
    __table_args__ = (
        Index("channel_passes_person", "chat_id", "telegram_id", postgresql_where=text("state = 'active'")),
        Index("channel_passes_grant", "grant_key"),
    )


class ChannelMemberRow(Base):
    """Somebody in a sold chat, or who has asked to come in. `status` is Telegram's, unknown before it was told; `since`
    when it was; `by_us`: our bot made it so. `grant_key` is the grant for which we let them in, at `let_in_at`: people
    without one came by other ways, and are not ours to remove. `asked_at` is the newest request that was answered."""

    __tablename__ = "channel_members"
    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    telegram_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str]
    is_in: Mapped[bool]
    since: Mapped[datetime | None]
    by_us: Mapped[bool]
    grant_key: Mapped[str | None]
    let_in_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    told_update: Mapped[int | None]
    __table_args__ = (
        Index("channel_members_ours", "chat_id", "telegram_id", postgresql_where=text("grant_key IS NOT NULL")),
    )
