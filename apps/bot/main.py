"""The worker process: its kit, its bot, its signals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import structlog
import uvloop
from aiogram import Dispatcher

from apps.bot import dispatcher
from apps.bot.session import make_bot
from apps.bot.worker import Worker
from services import assembly
from services.kit import Kit
from services.platform.config import Settings

log = structlog.get_logger(__name__)


def run(settings: Settings, build: Callable[[Kit], Dispatcher] = dispatcher.build) -> int:
    """Works until SIGTERM or SIGINT, then finishes what is in hand. Returns the exit code."""
    assembly.set_up_logs(settings, "worker")
    kit = assembly.build(settings, "worker")
    try:
        uvloop.run(_serve(kit, build))
    finally:
        kit.close()
    log.info("bot_stopped")
    return 0


async def _serve(kit: Kit, build: Callable[[Kit], Dispatcher]) -> None:
    stop = asyncio.Event()
    _set_on_signals(stop)
    bot = make_bot(kit.settings)
    built = build(kit)
    try:
        await Worker(kit, bot, built).run(stop)
    finally:
        await built.emit_shutdown(**{**built.workflow_data, "bot": bot, "dispatcher": built})
        await bot.session.close()


def _set_on_signals(stop: asyncio.Event) -> None:
    """A signal repeated changes nothing, also after the loop has ended: the loop's own signal handlers would be gone
    by then, and the second SIGTERM would kill a process that is leaving in good order."""
    loop = asyncio.get_running_loop()

    def ask(*_: Any) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
