"""The bot that handlers answer through."""

from __future__ import annotations

import asyncio
from typing import Any

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.types import LinkPreviewOptions, Message

from services.platform.config import Settings

TIMEOUT = 20  # seconds for one call
LONGEST_WAIT = 3  # seconds a person's answer waits for flood control

# pydantic keeps parametrised models weakly, and aiogram names one in every call: unless somebody holds them, it builds
# their validators anew each time, which is a third of the cost of an answer.
HELD: list[type[Response[Any]]] = [Response[Message], Response[bool], Response[Message | bool]]


def make_bot(settings: Settings) -> Bot:
    """HTML texts without link previews; the caller closes `bot.session`."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api_url), timeout=TIMEOUT, limit=100)
    session.middleware(OneShortWait())
    # Not link_preview_is_disabled=True: aiogram would also send the parameter that Telegram had for it before.
    defaults = DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview=LinkPreviewOptions(is_disabled=True))
    return Bot(settings.telegram_bot_token.get_secret_value(), session=session, default=defaults)


class OneShortWait(BaseRequestMiddleware):
    """Flood control (429, retry_after in seconds): waits once where the wait is short, else the call fails."""

    async def __call__(
        self, make_request: NextRequestMiddlewareType[Any], bot: Bot, method: TelegramMethod[Any]
    ) -> Response[Any]:
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as flood:
            if flood.retry_after > LONGEST_WAIT:
                raise
            await asyncio.sleep(flood.retry_after)
        return await make_request(bot, method)
