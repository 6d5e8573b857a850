"""What happens around every update."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from aiogram.dispatcher.flags import get_flag
from aiogram.types import CallbackQuery, TelegramObject, Update
from aiogram.types import User as TelegramUser

from apps.bot.screen import Screen, answer, show
from apps.bot.screens.failure import you_are_blocked
from apps.threads import in_thread
from services import identity
from services.kit import Kit
from services.platform.db import Database
from services.platform.i18n import Language, language

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

# A deep link's parameter: Telegram Bot API 10.3, "Deep linking".
START = re.compile(r"/start(?:@\w+)? ([A-Za-z0-9_-]{1,64})\s*", re.ASCII)


async def introduce(handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
    """Adds who wrote (`user`, in private chats; not at the till) and the language to answer in (`_`), and signs the log
    lines with them. Other bots and channels get no answer; of their members the bot hears whoever changes them, itself
    and anonymous administrators too."""
    person: TelegramUser | None = data.get("event_from_user")
    if not isinstance(event, Update) or person is None:
        return None
    chat = data.get("event_chat")
    elsewhere = chat is not None and chat.id != person.id
    if person.is_bot and not (elsewhere and _is_about_members(event)):
        return None
    data["_"] = language(person.language_code)
    if event.pre_checkout_query is not None:  # it may not wait for the database
        return await handler(event, data)
    if chat is not None and elsewhere:
        with structlog.contextvars.bound_contextvars(chat_id=chat.id):
            return await handler(event, data)
    kit: Kit = data["kit"]
    user = await in_thread(_greet, kit.db, person, _start_parameter(event), kit.clock.now())
    data["user"], data["_"] = user, user.language
    with structlog.contextvars.bound_contextvars(user_id=user.id, chat_id=person.id, username=person.username):
        if user.blocked:
            return await _turn_away(event, user.language)
        return await handler(event, data)


def _is_about_members(update: Update) -> bool:
    return update.chat_member is not None or update.my_chat_member is not None


async def _turn_away(event: Update, _: Language) -> None:
    """An operator has blocked this person. What the update says of money was stored before."""
    if event.callback_query is not None:
        await answer(event.callback_query, you_are_blocked(_), alert=True)
    elif event.message is not None and event.message.successful_payment is None:
        await show(event.message, Screen(you_are_blocked(_)))


async def answer_first(handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
    """Stops a button's spinner before the work begins. Handlers flagged `answers` do it themselves, with a notice."""
    if isinstance(event, CallbackQuery) and not get_flag(data, "answers"):
        await answer(event)
    return await handler(event, data)


def _start_parameter(update: Update) -> str | None:
    text = update.message.text if update.message else None
    match = START.fullmatch(text or "")
    if match is None:
        return None
    return "gift" if match[1].startswith("gift_") else match[1]  # the code of a gift is money: it is not kept


def _greet(db: Database, person: TelegramUser, start_parameter: str | None, now: datetime) -> identity.User:
    with db.begin() as tx:
        return identity.greet(
            tx,
            telegram_id=person.id,
            first_name=person.first_name,
            username=person.username,
            language_code=person.language_code,
            start_parameter=start_parameter,
            now=now,
        )
