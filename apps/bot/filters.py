"""Asynchronous filters only: aiogram runs every other kind, `F.x` included, in a thread."""

from __future__ import annotations

from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message


class InPrivate(Filter):
    """A message in the chat of one person with the bot."""

    async def __call__(self, message: Message) -> bool:
        return message.chat.type == "private"


class Foreign(Filter):
    """A button under a message in a chat that is not the presser's own."""

    async def __call__(self, callback: CallbackQuery) -> bool:
        return callback.message is not None and callback.message.chat.id != callback.from_user.id
