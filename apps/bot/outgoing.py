"""Messages in the words of the notifications, sent as an answer."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram import Bot
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup

from apps.bot.keyboards import button, copy, keyboard, link
from services.notifications import Button, Outgoing


async def send(bot: Bot, chat_id: int, messages: Sequence[Outgoing]) -> None:
    """One after the other, in their order."""
    for message in messages:
        rows, given = _keyboard(message), message.attachment
        if given is None:
            await bot.send_message(chat_id, message.text, reply_markup=rows)
            continue
        file = BufferedInputFile(given.content, given.name)
        if given.is_photo:
            await bot.send_photo(chat_id, file, caption=message.text, reply_markup=rows)
        else:
            await bot.send_document(chat_id, file, caption=message.text, reply_markup=rows)


def _keyboard(message: Outgoing) -> InlineKeyboardMarkup | None:
    return keyboard(*([_button(one) for one in row] for row in message.rows)) if message.rows else None


def _button(one: Button) -> InlineKeyboardButton:
    if one.copy:
        return copy(one.text, one.copy)
    return link(one.text, one.url) if one.url else button(one.text, one.data or "")
