"""Wiring: routes of the stand-in Telegram."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from apps.sandbox.telegram import invoice_page
from apps.sandbox.telegram.bot_api import BotApi
from apps.sandbox.telegram.channels import create_private_channel
from apps.sandbox.telegram.channels_api import ChannelsApi
from apps.sandbox.telegram.chat_api import ChatApi
from apps.sandbox.telegram.faults import Fault
from apps.sandbox.telegram.stars import keep_renewing
from apps.sandbox.telegram.stars_api import StarsApi
from apps.sandbox.telegram.world import World, build

_STATIC = Path(__file__).with_name("static")


def create_app(
    directory: Path,
    now: Callable[[], datetime],
    *,
    bot_username: str = "kiosk_bot",
    bot_token: str = "42:SANDBOX",  # opens nothing but this sandbox
    patience: float = 10.0,
    private_channel: bool = False,
) -> Starlette:
    """A Telegram with one bot, to be mounted anywhere.

    `directory` keeps its state over restarts; `now` (aware) dates the messages and renews subscriptions; `patience` is
    how many seconds the bot has to answer a pre-checkout query; with `private_channel` there is one, PRIVATE_CHANNEL,
    whose administrator the bot is. Enter its lifespan where it is mounted: it resumes
    webhook deliveries, follows the clock and writes the state down at the end.
    """
    world = build(directory, now, bot_username, bot_token, patience)
    bot_api = BotApi(world)
    control = _Control(world)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if private_channel and not world.store.state.channels:
            create_private_channel(world)
        world.webhook.wake()
        renewing = asyncio.create_task(keep_renewing(world))
        yield
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        await world.webhook.stop()
        world.store.flush()

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/bot{token}/{method}", bot_api.call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", bot_api.download),
            Route("/faults", control.faults, methods=["GET", "POST", "DELETE"]),
            Route("/log", control.log),
            Route("/problems", control.problems),
            Route("/chat", _chat_page),
            Mount(
                "/chat/api", routes=[*ChatApi(world).routes(), *StarsApi(world).routes(), *ChannelsApi(world).routes()]
            ),
            Mount("/chat/static", StaticFiles(directory=_STATIC)),
            Route(f"/{bot_username}", _deep_link),
            Route("/+{hash}", _invite),
            *invoice_page.routes(world),
        ],
    )


class _Control:
    """What tests set and ask."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def faults(self, request: Request) -> Response:
        """POST {"mode", "method"?, "times"?, "retry_after"?, "delay"?} | GET | DELETE -> faults that are on."""
        if request.method == "DELETE":
            self._world.faults.clear()
        if request.method == "POST":
            try:
                body: dict[str, Any] = await request.json()
                self._world.faults.add(Fault(**body))
            except (TypeError, ValueError) as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._world.faults.active())

    async def log(self, request: Request) -> Response:
        """Calls of the bot numbered above `?after=`: [{"n", "method", "args", "errors", "status"}]."""
        after = request.query_params.get("after", "0")
        if not after.isdecimal():
            return JSONResponse({"error": "after is a number"}, 400)
        return JSONResponse(self._world.journal.calls(int(after)))

    async def problems(self, _request: Request) -> Response:
        """The calls that no correct bot would have made, in the same shape."""
        return JSONResponse(self._world.journal.problems())


async def _chat_page(_request: Request) -> Response:
    return FileResponse(_STATIC / "chat.html")


async def _invite(request: Request) -> Response:
    """Stands in for https://t.me/+HASH: the chat page with the question whether to join."""
    return RedirectResponse(f"chat?{urlencode({'join': request.path_params['hash']})}", 302)


async def _deep_link(request: Request) -> Response:
    """Stands in for https://t.me/BOT?start=PARAM: the chat page with its START button prepared."""
    start = urlencode({"start": request.query_params.get("start", "")})
    return RedirectResponse(f"chat?{start}", 302)
