"""The sandbox world, noting when files reach people: `python -m bench.world PORT DIRECTORY WEB_URL`.

Each sendDocument that the Bot API has taken is a line "document CHAT SECONDS" on stdout, by the wall clock."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.sandbox.main import World, create_world
from apps.sandbox.server import server

PARTS = ("telegram", "yookassa", "robokassa", "vpn")
CHAT = re.compile(rb'name="chat_id"\r\n\r\n(\d+)')


class Arrivals:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope.get("path", "").endswith("/sendDocument"):
            await self._app(scope, receive, send)
            return
        body = bytearray()

        async def overhear() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200 and (chat := CHAT.search(body)):
                print("document", int(chat[1]), time.time(), flush=True)
            await send(message)

        await self._app(scope, overhear, note)


def main(port: int, directory: Path, web_url: str) -> None:
    world = World(port=port, directory=directory, web_url=web_url)
    asyncio.run(server(Arrivals(create_world(world, PARTS)), port=port).serve())


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
