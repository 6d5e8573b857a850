"""Remnawave of the sandbox world as one application."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.remnawave import index_page, subscription, webhook_control
from apps.sandbox.remnawave.api import Api
from apps.sandbox.remnawave.bulk import Bulk
from apps.sandbox.remnawave.control import Control
from apps.sandbox.remnawave.dates import stamp
from apps.sandbox.remnawave.errors import Refused
from apps.sandbox.remnawave.journal import Journal
from apps.sandbox.remnawave.panel import Panel
from apps.sandbox.remnawave.settings import TOKEN, VERSIONS, WEBHOOK_SECRET, Settings
from apps.sandbox.remnawave.users import User
from apps.sandbox.remnawave.webhooks import PAUSE, Courier

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(
    directory: Path,
    now: Callable[[], datetime],
    *,
    tokens: Sequence[str] = (TOKEN,),
    dialect: str = "3",
    public_url: str | None = None,
    webhook_urls: Sequence[str] = (),
    webhook_secret: str = WEBHOOK_SECRET,
    pause: float = PAUSE,
    **settings: Any,
) -> Starlette:
    """The API under /api, subscriptions for apps under /sub (and /api/sub), a page at / and the switches of `control`.

    `now` is the sandbox's clock, `dialect` "2" or "3"; `tokens` never expire and may do everything. `public_url` is
    where this application is mounted, without a slash at the end (None: as it is asked). `pause` is the seconds between
    attempts of a webhook. `settings` are other fields of Settings. State and settings changed by a switch live in
    `directory` and survive a restart; webhooks are delivered while the application's lifespan runs.
    """
    journal = Journal(directory / "journal.jsonl")
    in_force = Settings(version=VERSIONS[dialect], tokens={token: {} for token in tokens})
    in_force.change({"webhook_urls": list(webhook_urls), "webhook_secret": webhook_secret, **settings})
    first = in_force.as_json()
    in_force.change(journal.of("settings").get("changed", {}))
    courier = Courier(now, in_force, pause)

    def tell(event: str, user: User, device: dict[str, Any] | None = None, **meta: Any) -> None:
        if not in_force.webhook_urls:
            return
        shown = panel.shapes.user(user)
        if device is None:
            courier.announce("user", event, shown, meta or None)
        else:
            about = {"user": shown | {"activeInternalSquads": []}, "hwidUserDevice": panel.shapes.device(user, device)}
            courier.announce("user_hwid_devices", event, about)

    panel = Panel(journal, now, in_force, tell)
    panel.shapes.root = public_url or ""
    bulk = Bulk(journal, panel)
    api = Api(panel, bulk)

    async def public(request: Request) -> Response:
        """What an app or a browser gets at a link; no proxy stands before it here."""
        _note_root(request)
        api.catch_up()
        short_uuid, *more = request.path_params["path"].split("/")
        try:
            if more == ["info"]:
                return subscription.info(panel, short_uuid)
            return Response(status_code=404) if more else subscription.config(panel, request, short_uuid)
        except Refused as refused:
            return JSONResponse(refused.body(request.url.path, stamp(now())), refused.status)

    async def asked(request: Request) -> Response:
        _note_root(request)
        return await api.handle(request)

    def _note_root(request: Request) -> None:
        if not panel.shapes.root:
            panel.shapes.root = f"http://{request.url.netloc}{request.scope.get('root_path', '')}"

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with courier.running():
            yield

    return Starlette(
        routes=[
            Route("/api/sub/{path:path}", public),
            Route("/api/{path:path}", asked, methods=METHODS),
            Route("/sub/{path:path}", public),
            *Control(panel, api, journal, first).routes(),
            *webhook_control.routes(panel, courier),
            *index_page.routes(panel, api, courier),
        ],
        lifespan=lifespan,
    )
