"""A worker process like `python -m apps.bot`, whose storefront is one slow handler that tells when it has begun."""

from __future__ import annotations

import asyncio
import sys

from aiogram import Dispatcher
from aiogram.types import Message

from apps.bot.main import run
from services.kit import Kit
from services.platform import config

SLOW_SECONDS = 1.5


def build(_kit: Kit) -> Dispatcher:
    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.message.register(answer)
    return dispatcher


async def answer(message: Message) -> None:
    print(f"begun {message.text}", flush=True)
    if message.text == "slow":
        await asyncio.sleep(SLOW_SECONDS)
    await message.answer(f"answer to {message.text}")


if __name__ == "__main__":
    sys.exit(run(config.load(), build))
