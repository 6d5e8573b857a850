"""Uvicorn for the sandbox world: the applications on it can cut a connection in the middle of a request."""

import logging
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT = "sandbox.abort"


class AbortableProtocol(HttpToolsProtocol):
    """Puts `scope["extensions"]["sandbox.abort"]["call"]` into each request: it closes the socket at once."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"call": self.transport.abort}}


def server(app: Any, *, port: int, host: str = "127.0.0.1") -> uvicorn.Server:
    """A server for `app` (ASGI); port 0 lets the system choose. It stops within a second of SIGTERM or SIGINT."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return uvicorn.Server(
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
