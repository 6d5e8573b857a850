"""The web process: health, the HTTP API, and the doors that payment providers and Telegram knock at. It never imports
aiogram: updates are stored here and handled by the worker."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from apps.lifetime import begin
from apps.web import api, downloads, health, panel_webhooks, payout_webhooks, webhooks
from apps.web.errors import HANDLERS
from services.kit import Kit

STOP_WITHIN = 15  # seconds for requests in hand

log = structlog.get_logger(__name__)


def create(kit: Kit) -> Starlette:
    """The application. `kit` is closed with it."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        log.info("ready", mode=kit.settings.telegram_mode)
        yield
        kit.close()
        log.info("stopped")

    app = Starlette(
        routes=[
            Route("/health", health.alive),
            Route("/healthz", health.alive),
            Route("/ready", health.ready),
            Route("/readyz", health.ready),
            Route("/webhooks/telegram", webhooks.telegram, methods=["POST"]),
            Route("/webhooks/remnawave", panel_webhooks.remnawave, methods=["POST"]),
            Route("/webhooks/remnawave/{panel}", panel_webhooks.remnawave, methods=["POST"]),
            Route("/webhooks/portmone", payout_webhooks.portmone, methods=["POST"]),
            Route("/webhooks/{provider}", webhooks.payment_provider, methods=["GET", "POST"]),
            *downloads.routes(),
            *api.routes(),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.kit = kit
    return app


def main() -> int:
    kit = begin("web")
    settings = uvicorn.Config(
        create(kit),
        host="0.0.0.0",
        port=kit.settings.port,
        workers=1,  # one process a dyno: more web is more dynos, and the database pool is sized for it
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN,
    )
    serving = uvicorn.Server(settings)

    def stop(*_: object) -> None:
        serving.should_exit = True

    # Uvicorn ends well by itself but then dies of the signal; with handlers of ours the exit status says it was asked.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, stop)
    serving.run()
    return 0 if serving.started else 1
