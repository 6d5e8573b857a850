"""YooKassa of the sandbox world as one application."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from apps.sandbox.shelf import Shelf
from apps.sandbox.yookassa import control, index_page, pay_page, settings
from apps.sandbox.yookassa.api import Api
from apps.sandbox.yookassa.notices import PAUSES, Courier
from apps.sandbox.yookassa.shop import Shop


def create_app(
    directory: Path,
    now: Callable[[], datetime],
    *,
    shop_id: str = "100500",
    secret_key: str = "test_SANDBOX",
    notification_url: str | None = None,
    pauses: Sequence[float] = PAUSES,
) -> Starlette:
    """The API under /v3, pay pages under /pay, the cabinet at / and the switches of `control`.

    `now` is the sandbox's clock; `pauses` are the seconds between attempts of a notice. The state lives in
    `directory` and survives a restart. Notices are delivered while the application's lifespan runs.
    """
    kept = Shelf(directory / "settings")
    in_force = settings.load(kept, notification_url)
    courier = Courier(directory, now, in_force, pauses)
    shop = Shop(directory, now, shop_id, in_force, courier.announce)
    api = Api(shop, Shelf(directory / "keys"), now, shop_id=shop_id, secret_key=secret_key)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with courier.running():
            yield

    return Starlette(
        routes=[
            Route("/v3/{path:path}", api.handle, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            *control.routes(shop, api, courier, kept, in_force),
            *pay_page.routes(shop, in_force),
            *index_page.routes(shop, api, courier, in_force),
        ],
        lifespan=lifespan,
    )
