"""Robokassa of the sandbox world as one application."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette

from apps.sandbox.robokassa import control, index_page, pay_page, settings
from apps.sandbox.robokassa.api import Api
from apps.sandbox.robokassa.notices import PAUSES, Courier
from apps.sandbox.robokassa.shop import Cabinet
from apps.sandbox.robokassa.till import Till
from apps.sandbox.shelf import Shelf


def create_app(
    directory: Path,
    now: Callable[[], datetime],
    *,
    login: str = "kiosk",
    password1: str = "sandbox-password-1",
    password2: str = "sandbox-password-2",
    password3: str = "sandbox-password-3",
    hash_name: str = "SHA256",
    is_test: bool = True,
    result_url: str | None = None,
    return_url: str | None = None,
    pauses: Sequence[float] = PAUSES,
) -> Starlette:
    """Links and OpStateExt under /Merchant, refunds under /RefundService, pay pages under /pay, the cabinet at / and
    the switches of `control`. Both of Robokassa's hosts are this one application.

    `now` is the sandbox's clock; `pauses` are the seconds between attempts of a notice. With `is_test` the passwords
    are the test ones: links need IsTest=1, and OpStateExt and refunds know nothing, as at Robokassa. `return_url` is
    where the buyer goes from the pay page. The state lives in `directory` and survives a restart. Notices are delivered
    while the application's lifespan runs.
    """
    cabinet = Cabinet(login, password1, password2, password3, hash_name, is_test)
    kept = Shelf(directory / "settings")
    in_force = settings.load(kept, result_url)
    courier = Courier(directory, now, in_force, pauses)
    till = Till(directory, now, cabinet, in_force, courier.announce)
    api = Api(till, cabinet, now)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with courier.running():
            yield

    return Starlette(
        routes=[
            *api.routes(),
            *control.routes(till, api, courier, kept, in_force),
            *pay_page.routes(till, cabinet, in_force, return_url),
            *index_page.routes(till, api, courier, in_force),
        ],
        lifespan=lifespan,
    )
