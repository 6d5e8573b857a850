from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base
from services.provisioning.models import AccessGrantRow


class ChannelRow(Base):
    """A chat that is sold. `trouble` says why the bot cannot work there, since `trouble_at`; `told_at` and
    `told_update` are date and number of the newest update about its rights."""

    __tablename__ = "channels"
    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    trouble: Mapped[str | None]
    trouble_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    told_update: Mapped[int | None]


class ChannelInviteRow(Base):
    """The link that was made for a grant in one chat, at this `generation` of its credentials. It is gone once it was
    revoked."""

    __tablename__ = "channel_invites"
    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    grant_id: Mapped[int] = mapped_column(ForeignKey(AccessGrantRow.id), primary_key=True)
    generation: Mapped[int]
    sealed_link: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    __table_args__ = (Index("channel_invites_grant", "grant_id"),)


class ChannelMemberRow(Base):
    """Somebody in a sold chat, or who has asked to come in. `status` is Telegram's, unknown before it was told; `since`
    when it was; `by_us`: our bot made it so. `grant_id` is the grant for which we let them in: people without one came
    by other ways, and are not ours to remove. `let_in_at` and `let_in_update` are date and number of the request which
    we granted, `asked_at` and `asked_update` those of the newest request, `told_at` and `told_update` of the newest
    change."""

    __tablename__ = "channel_members"
    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    telegram_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str]
    is_in: Mapped[bool]
    since: Mapped[datetime | None]
    by_us: Mapped[bool]
    grant_id: Mapped[int | None] = mapped_column(ForeignKey(AccessGrantRow.id))
    let_in_at: Mapped[datetime | None]
    let_in_update: Mapped[int | None]
    asked_at: Mapped[datetime | None]
    asked_update: Mapped[int | None]
    told_at: Mapped[datetime | None]
    told_update: Mapped[int | None]
    __table_args__ = (
        Index("channel_members_ours", "chat_id", "telegram_id", postgresql_where=text("grant_id IS NOT NULL")),
    )
