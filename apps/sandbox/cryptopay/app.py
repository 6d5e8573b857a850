"""Crypto Pay of the sandbox world as one application."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from apps.sandbox.cryptopay import control, index_page, pay_page, settings
from apps.sandbox.cryptopay.api import Api
from apps.sandbox.cryptopay.invoices import Invoices
from apps.sandbox.cryptopay.updates import PAUSES, Courier
from apps.sandbox.shelf import Shelf


def create_app(
    directory: Path,
    now: Callable[[], datetime],
    *,
    token: str = "42:SANDBOXCRYPTOPAY",
    notification_url: str | None = None,
    pauses: Sequence[float] = PAUSES,
) -> Starlette:
    """The API under /api, pay pages under /pay, the app's page at / and the switches of `control`.

    `now` is the sandbox's clock; `pauses` are the seconds between attempts of an update. The state lives in
    `directory` and survives a restart. Updates are delivered while the application's lifespan runs.
    """
    kept = Shelf(directory / "settings")
    in_force = settings.load(kept, notification_url)
    courier = Courier(directory, now, token, in_force, pauses)
    invoices = Invoices(directory, now, courier.announce)
    api = Api(invoices, now, token)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with courier.running():
            yield

    return Starlette(
        routes=[
            Route("/api/{method:path}", api.handle, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            *control.routes(invoices, api, courier, kept, in_force),
            *pay_page.routes(invoices, in_force),
            *index_page.routes(invoices, api, courier, in_force),
        ],
        lifespan=lifespan,
    )
