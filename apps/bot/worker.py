"""The worker's life: it waits for the lease, receives and answers while it holds it, and leaves nothing half done."""

from __future__ import annotations

import asyncio

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.types import User

from apps.bot.consumer import Consumer
from apps.bot.feed import feed
from apps.bot.lease import Lease
from apps.bot.persist import persist
from apps.bot.poller import UNAUTHORIZED, Poller
from apps.bot.updates import ALLOWED_UPDATES, Update
from apps.bot.webhook import align_webhook, remove_webhook
from apps.threads import in_thread
from services.kit import Kit
from services.platform.errors import Misconfigured, TryLater

FINISH_SECONDS = 15.0

log = structlog.get_logger(__name__)


class Worker:
    """In polling mode it receives updates itself; in webhook mode the web process stores them. Either way they are
    answered from the inbox."""

    def __init__(self, kit: Kit, bot: Bot, dispatcher: Dispatcher) -> None:
        self._kit, self._bot, self._dispatcher = kit, bot, dispatcher
        self._consumer = Consumer(kit.db, bot.id, self._handle)
        self._lease = Lease(kit.db, bot.id, self._consumer.wake)
        self._poller = Poller(
            kit.db,
            kit.clock,
            bot_id=bot.id,
            api_url=kit.settings.telegram_api_url,
            token=bot.token,
            hurry=self._consumer.hurry,
        )
        self._started_up = False

    async def run(self, stop: asyncio.Event) -> None:
        """Returns after `stop`, when what was in hand is answered or FINISH_SECONDS have passed."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lease.keep())
            while not stop.is_set():
                await _first(self._lease.held, stop)
                if not stop.is_set():
                    await self._term(stop)
            await self._consumer.finish(FINISH_SECONDS)
            self._lease.release()  # only now: whoever holds it answers whatever is not closed
        await self._poller.close()

    async def _term(self, stop: asyncio.Event) -> None:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            work = group.create_task(self._work(group, over))
            await _first(self._lease.lost, stop)
            over.set()
            self._consumer.wake()
            work.cancel()

    async def _work(self, group: asyncio.TaskGroup, over: asyncio.Event) -> None:
        mode = self._kit.settings.telegram_mode
        me = await persist(self._meet_telegram)
        await self._start_up()
        if mode == "polling":
            await persist(self._poller.poll)
        log.info("bot_ready", mode=mode, username=me.username)
        group.create_task(self._consumer.run(over))
        if mode == "polling":
            await self._poller.run(self._consumer.room)

    async def _meet_telegram(self) -> User:
        try:
            me = await self._bot.me()
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise Misconfigured(UNAUTHORIZED) from None
        except TelegramRetryAfter as flood:
            raise TryLater("getMe: flood control", after=float(flood.retry_after)) from None
        except AiogramError as error:
            raise TryLater(f"getMe: no usable answer from Telegram ({type(error).__name__})") from None
        settings = self._kit.settings
        if settings.telegram_mode == "polling":
            await in_thread(remove_webhook, self._kit.telegram)
        else:
            assert settings.public_url
            assert settings.telegram_webhook_secret
            await in_thread(
                align_webhook,
                self._kit.telegram,
                public_url=settings.public_url,
                secret=settings.telegram_webhook_secret.get_secret_value(),
                allowed_updates=ALLOWED_UPDATES,
            )
        return me

    async def _start_up(self) -> None:
        """The storefront's part (commands of the menu): welcome, but nothing to keep people waiting for."""
        if self._started_up:
            return
        data = {**self._dispatcher.workflow_data, "bot": self._bot, "dispatcher": self._dispatcher}
        try:
            await self._dispatcher.emit_startup(**data)
        except Exception:
            log.exception("start_up_failed")
        self._started_up = True

    async def _handle(self, payload: Update) -> None:
        await feed(self._kit, self._bot, self._dispatcher, payload)


async def _first(*events: asyncio.Event) -> None:
    """Returns when one of them is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
