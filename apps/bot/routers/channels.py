"""Channels and groups: who comes, goes and asks to come, and what the bot may do there. Nothing is said in the chat
itself; what follows is done elsewhere, so that it outlives this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiogram import Bot, Router
from aiogram.types import ChatJoinRequest, ChatMemberUpdated, Update
from pydantic import BaseModel
from sqlalchemy.orm import Session

from apps.bot.filters import InPrivate
from apps.threads import in_thread
from services import provisioning
from services.kit import Kit


def routes() -> Router:
    router = Router(name="channels")
    router.chat_join_request.register(asked_to_join)
    router.chat_member.register(member_changed)
    router.my_chat_member.register(rights_changed, ~InPrivate())
    return router


async def asked_to_join(event: ChatJoinRequest, event_update: Update, kit: Kit, bot: Bot) -> None:
    link = event.invite_link
    request = provisioning.channels.JoinRequested(
        chat_id=event.chat.id,
        title=event.chat.title or "",
        telegram_id=event.from_user.id,
        user_chat_id=event.user_chat_id,
        language_code=event.from_user.language_code,
        ours=link is not None and link.creator.id == bot.id,
        asked_at=event.date,
        update_id=event_update.update_id,
    )
    await _noted(kit, lambda tx: provisioning.channels.note_request(tx, request, kit.clock.now()))


async def member_changed(event: ChatMemberUpdated, event_update: Update, kit: Kit, bot: Bot) -> None:
    old, new = _plain(event.old_chat_member), _plain(event.new_chat_member)
    change = provisioning.channels.MemberChange(
        chat_id=event.chat.id,
        telegram_id=event.new_chat_member.user.id,
        was_in=provisioning.channels.is_inside(old),
        is_in=provisioning.channels.is_inside(new),
        status=new["status"],
        by_us=event.from_user.id == bot.id,
        at=event.date,
        update_id=event_update.update_id,
    )
    await _noted(kit, lambda tx: provisioning.channels.note_member(tx, change))


async def rights_changed(event: ChatMemberUpdated, event_update: Update, kit: Kit) -> None:
    change = provisioning.channels.RightsChange(
        chat_id=event.chat.id,
        title=event.chat.title or "",
        missing=provisioning.channels.missing_rights(_plain(event.new_chat_member)),
        at=event.date,
        update_id=event_update.update_id,
    )
    await _noted(kit, lambda tx: provisioning.channels.note_rights(tx, change, kit.clock.now()))


def _plain(member: BaseModel) -> dict[str, Any]:
    """As Telegram tells it."""
    return member.model_dump(mode="json")


async def _noted(kit: Kit, note: Callable[[Session], None]) -> None:
    def keep() -> None:
        with kit.db.begin() as tx:
            note(tx)

    await in_thread(keep)
