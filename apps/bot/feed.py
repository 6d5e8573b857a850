"""One update, from Telegram's JSON to its answer. Money first: what it says of paid Stars is stored before anything
else is done about it, in whatever shape the rest of it is."""

from __future__ import annotations

from aiogram import Bot, Dispatcher
from aiogram.methods import TelegramMethod
from aiogram.types import Update as TelegramUpdate
from pydantic import ValidationError

from apps.bot.consumer import Undecodable
from apps.bot.money import keep
from apps.bot.updates import Update
from services import billing
from services.kit import Kit


async def feed(kit: Kit, bot: Bot, dispatcher: Dispatcher, payload: Update) -> None:
    """Raises Undecodable, or whatever Telegram's refusal of our answer raises."""
    notice = billing.notice_of_update(payload)
    if notice is not None:
        await keep(kit, notice)
    answer = await dispatcher.feed_update(bot, _decoded(bot, payload))
    if isinstance(answer, TelegramMethod):
        await bot(answer)


def _decoded(bot: Bot, payload: Update) -> TelegramUpdate:
    try:
        return TelegramUpdate.model_validate(payload, context={"bot": bot})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        fields = [f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in faults]
        raise Undecodable("; ".join(fields)) from None
