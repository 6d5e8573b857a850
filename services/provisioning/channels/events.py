from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequested(Event):
    """Somebody wants into the chat called `title`. `ours`: by a link that the bot has made; other links' requests are
    answered only for people who have paid. Until it is answered the bot may write to `user_chat_id`. `asked_at` and
    `update_id` are date and number of the update."""

    name = "provisioning.join_requested"
    chat_id: int
    title: str
    telegram_id: int
    user_chat_id: int
    language_code: str | None
    ours: bool
    asked_at: datetime
    update_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRefused(Event):
    """Nothing is paid for it. The person is told first, and then declined: afterwards a stranger cannot be told. Fields
    as in JoinRequested."""

    name = "provisioning.join_refused"
    chat_id: int
    telegram_id: int
    user_chat_id: int
    language_code: str | None
    title: str
    asked_at: datetime
    update_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLost(Event):
    """The bot cannot work there any more. Told once; what is owed is kept and tried again."""

    name = "provisioning.channel_lost"
    chat_id: int
    title: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelBack(Event):
    """The bot can work there again."""

    name = "provisioning.channel_back"
    chat_id: int
    title: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberBanned(Event):
    """Somebody with a valid grant is banned by the chat's own administrators: only they can undo it."""

    name = "provisioning.member_banned"
    chat_id: int
    title: str
    telegram_id: int
    grant_id: int
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoved(Event):
    """The bot has put somebody out whose time was over."""

    name = "provisioning.member_removed"
    chat_id: int
    title: str
    telegram_id: int
    grant_id: int
    party: str
    at: datetime
