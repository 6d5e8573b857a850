"""A screen is a text and its buttons; this is how it gets to the person. That texts are HTML and show no link previews
is said to Telegram by the bot itself (session.py)."""

from __future__ import annotations

from dataclasses import dataclass

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message


@dataclass(frozen=True, slots=True)
class Screen:
    """`text` is Telegram's HTML (Telegram Bot API 10.3, "Formatting options"), at most 4096 characters."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None


async def show(event: Message | CallbackQuery, screen: Screen) -> bool:
    """A tapped button changes its own message; a command, or a message that cannot be changed, gets a new one. False:
    this very screen stands there already, for the button was tapped twice."""
    if isinstance(event, CallbackQuery) and isinstance(event.message, Message) and event.message.text is not None:
        try:
            await event.message.edit_text(screen.text, reply_markup=screen.keyboard)
            return True
        except TelegramBadRequest as refusal:  # too old, deleted meanwhile, or tapped twice
            if "message is not modified" in refusal.message:
                return False
    await bot_of(event).send_message(chat_of(event), screen.text, reply_markup=screen.keyboard)
    return True


async def replace(message: Message, screen: Screen) -> None:
    """Of the bot's own; a new one, where it is gone."""
    try:
        await message.edit_text(screen.text, reply_markup=screen.keyboard)
    except TelegramBadRequest:
        await bot_of(message).send_message(message.chat.id, screen.text, reply_markup=screen.keyboard)


async def answer(callback: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """Stops the button's spinner, with a notice where there is one (plain text, 200 characters). Too late is fine."""
    try:
        await callback.answer(text, show_alert=alert)
    except TelegramBadRequest as refusal:
        if "query is too old" not in refusal.message:
            raise


def chat_of(event: Message | CallbackQuery) -> int:
    """Where to answer. A message that Telegram no longer shows us still has its chat."""
    if isinstance(event, Message):
        return event.chat.id
    return event.message.chat.id if event.message else event.from_user.id


def bot_of(event: Message | CallbackQuery) -> Bot:
    if event.bot is None:
        raise RuntimeError("the event was not received by a bot")
    return event.bot
