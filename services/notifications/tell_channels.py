"""Who is told what about private chats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from services import provisioning
from services.notifications.tell import tell, tell_admins


def tell_removed(tx: Session, event: provisioning.channels.MemberRemoved, now: datetime) -> None:
    params = {"chat_id": event.chat_id, "title": event.title}
    about = f"channel_removed:{event.chat_id}:{event.telegram_id}:{event.at.isoformat()}"
    tell(tx, event.party, "channel_removed", about, params, now)


def tell_channel_lost(
    tx: Session, event: provisioning.channels.ChannelLost, now: datetime, admins: Sequence[int]
) -> None:
    params = {"chat_id": event.chat_id, "title": event.title or "?", "reason": event.reason}
    about = f"channel_lost:{event.chat_id}:{event.since.isoformat()}"
    tell_admins(tx, admins, "admin_channel_lost", about, params, now)


def tell_channel_back(
    tx: Session, event: provisioning.channels.ChannelBack, now: datetime, admins: Sequence[int]
) -> None:
    params = {"chat_id": event.chat_id, "title": event.title or "?"}
    about = f"channel_back:{event.chat_id}:{event.since.isoformat()}"
    tell_admins(tx, admins, "admin_channel_back", about, params, now)


def tell_member_banned(
    tx: Session, event: provisioning.channels.MemberBanned, now: datetime, admins: Sequence[int]
) -> None:
    """Once for each grant."""
    params = {"title": event.title or "?", "telegram_id": event.telegram_id, "party": event.party}
    about = f"member_banned:{event.chat_id}:{event.telegram_id}:{event.grant_id}"
    tell_admins(tx, admins, "admin_member_banned", about, params, now)
