"""Uvicorn for the sandbox world: the applications on it can cut a connection in the middle of a request."""

import asyncio
import logging
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT = "sandbox.abort"
TICK = 0.01  # seconds; uvicorn's own is ten times as long, and many a test's server does not live for that


class AbortableProtocol(HttpToolsProtocol):
    """Puts `scope["extensions"]["sandbox.abort"]["call"]` into each request: it closes the socket at once."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"call": self.transport.abort}}


class Server(uvicorn.Server):
    """Stops soon after it was told to."""

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            await asyncio.sleep(TICK)


def server(app: Any, *, port: int, host: str = "127.0.0.1") -> uvicorn.Server:
    """A server for `app` (ASGI); port 0 lets the system choose. It stops within a second of SIGTERM or SIGINT."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=AbortableProtocol,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
