"""Files that people send, fetched from Telegram (source: Telegram Bot API 10.3, getFile): a few at once, each for so
many seconds and bytes at most, so that nobody else waits for them."""

from __future__ import annotations

import asyncio

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiohttp import ClientError

AT_ONCE = 8  # of the 32 handlers that may be at work
PATIENCE = 5.0  # seconds for a place among them
SECONDS = 25.0  # for one file
CHUNK = 65_536  # bytes

log = structlog.get_logger(__name__)


class TooLarge(Exception):
    """More than the caller wants, or than Telegram gives to bots (20 MB)."""


class NotFetched(Exception):
    """Nothing came, or not in time: sent once more it may."""


class Downloads:
    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, bot: Bot, file_id: str, limit: int) -> bytes:
        """The content, `limit` bytes at most. Raises TooLarge or NotFetched. The address has the bot's token in it, so
        what went wrong is told without it."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._places.acquire()
        except TimeoutError:
            log.warning("downloads_are_busy")
            raise NotFetched from None
        try:
            async with asyncio.timeout(SECONDS):
                return await _fetch(bot, file_id, limit)
        except (AiogramError, ClientError, TimeoutError, OSError) as error:
            log.warning("file_not_fetched", error=type(error).__name__)
            raise NotFetched from None
        finally:
            self._places.release()


async def _fetch(bot: Bot, file_id: str, limit: int) -> bytes:
    try:
        file = await bot.get_file(file_id)
    except TelegramBadRequest as refusal:
        if "too big" in refusal.message:
            raise TooLarge from None
        raise
    if file.file_path is None:
        raise NotFetched
    content = bytearray()
    url = bot.session.api.file_url(bot.token, file.file_path)
    async for chunk in bot.session.stream_content(url, timeout=int(SECONDS), chunk_size=CHUNK):
        content += chunk
        if len(content) > limit:
            raise TooLarge
    return bytes(content)
