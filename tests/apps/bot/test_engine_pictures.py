"""Photos, files and phone numbers reach whoever answers them exactly as Telegram sent them, by either way in."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

from aiogram import Bot
from PIL import Image

from apps.bot.feed import _decoded
from apps.bot.poller import Poller
from apps.bot.updates import ALLOWED_UPDATES
from services.platform import inbox
from services.platform.clock import Clock
from services.platform.db import Database
from services.platform.documents import read_object
from tests.apps.bot.engine_telegram import BOT_ID, TOKEN, sandbox


def picture(width: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, 90), "gray").save(content, "PNG")
    return content.getvalue()


def test_nothing_of_what_people_send_is_lost_on_the_way(db: Database, tmp_path: Path) -> None:
    async def poll(url: str) -> None:
        poller = Poller(db, Clock(), bot_id=BOT_ID, api_url=url, token=TOKEN, hurry=lambda _: None)
        await poller.poll()
        await poller.close()

    with sandbox(tmp_path) as telegram:
        anna = telegram.person()
        telegram.bot("getUpdates", allowed_updates=list(ALLOWED_UPDATES))
        telegram.sends(anna, "photo", ("p.png", picture(120), "image/png"))
        telegram.sends(anna, "document", ("чек.png", picture(121), "image/png"))
        telegram.sends(anna, "photo", *((f"{width}.png", picture(width), "image/png") for width in (122, 123, 124)))
        telegram.shares(anna, "380671112233")
        sent = telegram.bot("getUpdates")
        asyncio.run(poll(telegram.url))

    with db.begin() as tx:
        taken = inbox.take(tx, BOT_ID, (), 100)
    assert taken == sent
    assert [read_object(json.dumps(update).encode(), limit=1024**2) for update in sent] == sent  # by a webhook
    messages = [update["message"] for update in taken]
    assert [next(iter({"photo", "document", "contact"} & message.keys())) for message in messages] == (
        ["photo", "document", "photo", "photo", "photo", "contact"]
    )
    bot = Bot(TOKEN)
    for update in taken:
        read = _decoded(bot, update)
        assert read.model_dump(mode="json", exclude_unset=True, by_alias=True)["message"].keys() == (
            update["message"].keys()
        )
