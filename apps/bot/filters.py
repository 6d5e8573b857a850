"""Asynchronous filters only: aiogram runs every other kind, `F.x` included, in a thread."""

from __future__ import annotations

from aiogram.filters import Filter
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

from services import promotions
from services.kit import Kit


class InPrivate(Filter):
    """What happens in the chat of one person with the bot."""

    async def __call__(self, event: Message | ChatMemberUpdated) -> bool:
        return event.chat.type == "private"


class Foreign(Filter):
    """A button under a message in a chat that is not the presser's own."""

    async def __call__(self, callback: CallbackQuery) -> bool:
        return callback.message is not None and callback.message.chat.id != callback.from_user.id


class ByOperator(Filter):
    """A button that one of TELEGRAM_ADMIN_IDS pressed."""

    async def __call__(self, callback: CallbackQuery, kit: Kit) -> bool:
        return callback.from_user.id in kit.settings.telegram_admin_ids


class Paid(Filter):
    """Telegram's message that an invoice was paid."""

    async def __call__(self, message: Message) -> bool:
        return message.successful_payment is not None


class Refunded(Filter):
    """Telegram's message that a payment was given back."""

    async def __call__(self, message: Message) -> bool:
        return message.refunded_payment is not None


class LooksLikeCode(Filter):
    """A message of one word that could be a promo code."""

    async def __call__(self, message: Message) -> bool:
        text = (message.text or "").strip()
        return len(text.split()) == 1 and promotions.normal(text) is not None


class HasFile(Filter):
    """A photo or a document."""

    async def __call__(self, message: Message) -> bool:
        return bool(message.photo) or message.document is not None


class HasContact(Filter):
    async def __call__(self, message: Message) -> bool:
        return message.contact is not None
