"""The sandbox world: everything Kiosk talks to, on one port of this machine."""

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from apps.sandbox.clock import Offset
from apps.sandbox.pages import page
from apps.sandbox.server import server
from services.platform.config import app_env

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class World:
    """How the world is set up. The secrets open nothing but the sandbox."""

    port: int = 8090
    directory: Path = Path(".dev/world")
    smtp_port: int = 8025
    web_url: str = "http://127.0.0.1:5000"
    bot_username: str = "kiosk_bot"
    bot_token: str = "42:SANDBOX"
    shop_id: str = "100500"
    secret_key: str = "test_SANDBOX"
    crypto_token: str = "42:SANDBOXCRYPTOPAY"
    vpn_secret: str = "sandbox-agent-secret"
    portal_token: str = "sandbox-portal-token-of-32-letters"
    panel_token: str = "sandbox-panel-token"
    callout_secret: str = "sandbox-callout-secret"
    access_key: str = "sandbox"
    storage_secret: str = "sandbox-secret"
    bucket: str = "kiosk"


@dataclass(frozen=True)
class Part:
    """One outside system: where it answers, what a person finds there, and what makes it.

    `make` imports the part itself, so that a part which is not played need not be importable.
    """

    title: str
    about: str
    page: str
    make: Callable[[World, Offset], Starlette]


def _telegram(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.telegram import create_app

    directory = world.directory / "telegram"
    return create_app(
        directory,
        offset.now,
        bot_username=world.bot_username,
        bot_token=world.bot_token,
        private_channel=True,
    )


def _yookassa(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.yookassa import create_app

    return create_app(
        world.directory / "yookassa",
        offset.now,
        shop_id=world.shop_id,
        secret_key=world.secret_key,
        notification_url=f"{world.web_url}/webhooks/yookassa",
    )


def _robokassa(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.robokassa import create_app

    return create_app(world.directory / "robokassa", offset.now, result_url=f"{world.web_url}/webhooks/robokassa")


def _cryptopay(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.cryptopay import create_app

    return create_app(
        world.directory / "cryptopay",
        offset.now,
        token=world.crypto_token,
        notification_url=f"{world.web_url}/webhooks/cryptopay",
    )


def _portmone(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.portmone import create_app

    return create_app(world.directory / "portmone", offset.now, callback_url=f"{world.web_url}/webhooks/portmone")


def _till(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.till import create_app

    return create_app(offset.now)


def _vpn(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.vpn import create_app

    return create_app(world.directory / "vpn", secret=world.vpn_secret)


def _wgportal(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.wgportal import create_app

    return create_app(world.directory / "wgportal", token=world.portal_token)


def _panel(world: World, offset: Offset) -> Starlette:
    return _remnawave(world, offset, "panel", "3", "webhooks/remnawave")


def _panel2(world: World, offset: Offset) -> Starlette:
    # Kiosk does not know it unless REMNAWAVE_PANELS names it.
    return _remnawave(world, offset, "panel2", "2", "webhooks/remnawave/panel2")


def _remnawave(world: World, offset: Offset, name: str, dialect: str, webhook: str) -> Starlette:
    from apps.sandbox.remnawave import create_app

    return create_app(
        world.directory / name,
        offset.now,
        tokens=(world.panel_token,),
        dialect=dialect,
        public_url=f"http://127.0.0.1:{world.port}/{name}",
        webhook_urls=(f"{world.web_url}/{webhook}",),
    )


def _seller(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.seller import create_app

    return create_app(world.directory / "seller", secret=world.callout_secret)


def _storage(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.storage import create_app

    return create_app(
        world.directory / "storage",
        access_key=world.access_key,
        secret_key=world.storage_secret,
        buckets=(world.bucket,),
    )


def _mail(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.mail import create_app

    return create_app(world.directory / "mail", offset.now, smtp_port=world.smtp_port)


def _clock(world: World, offset: Offset) -> Starlette:
    from apps.sandbox.clock import create_app

    return create_app(offset)


PARTS = {
    "telegram": Part("Telegram", "Chat with the bot, as any of its people", "telegram/chat", _telegram),
    "yookassa": Part("YooKassa", "Payments, refunds, notices, faults on order", "yookassa/", _yookassa),
    "robokassa": Part("Robokassa", "Links, ResultURL, refunds, faults on order", "robokassa/", _robokassa),
    "cryptopay": Part("Crypto Pay", "Invoices in coins, signed updates, faults on order", "cryptopay/", _cryptopay),
    "portmone": Part("Portmone", "The phones that were topped up, callbacks, faults on order", "portmone/", _portmone),
    "till": Part("Till", "Receipts of a pharmacy, to send to the bot", "till/", _till),
    "clock": Part("Time machine", "Move Kiosk's clock ahead by hours or months", "clock/", _clock),
    "vpn": Part("VPN servers", "Peers of each server, faults on order", "vpn/", _vpn),
    "wgportal": Part("WireGuard Portal", "Peers of a wg-portal, faults on order", "wgportal/", _wgportal),
    "panel": Part("VPN panel", "Remnawave 3: users, devices, traffic, faults on order", "panel/", _panel),
    "panel2": Part("VPN panel 2.7", "The same of an older version", "panel2/", _panel2),
    "seller": Part("Seller", "What a seller's own system was told, faults on order", "seller/", _seller),
    "mail": Part("Mail", "Every e-mail that Kiosk sent", "mail/", _mail),
    "storage": Part("Storage", "Files in an S3 of one machine", "storage/", _storage),
}


def create_world(world: World, parts: Sequence[str] = tuple(PARTS)) -> Starlette:
    """The chosen parts, each mounted under its name, and a page with links to them. Runs the parts' lifespans."""
    offset = Offset(world.directory / "clock")
    apps = {name: PARTS[name].make(world, offset) for name in parts}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in apps.values():
                await stack.enter_async_context(part.router.lifespan_context(part))
            yield

    async def index(request: Request) -> Response:
        links = "".join(
            f'<li class="door-{name}"><a href="/{part.page}"><b>{part.title}</b><span>{part.about}</span></a></li>'
            for name, part in PARTS.items()
            if name in apps
        )
        body = (
            "<h1>Sandbox world</h1><p>Everything Kiosk talks to, on this machine. "
            f'No real money, people or servers.</p><ul class="doors">{links}</ul>'
        )
        return page("Sandbox world", body, kind="home")

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", index),
            Mount("/static", StaticFiles(directory=STATIC)),
            *(Mount(f"/{name}", app) for name, app in apps.items()),
        ],
    )


def refuse_production(app_env: str) -> None:
    """Raises SystemExit: in production a sandbox would take the place of real money and real people."""
    if app_env == "prod":
        raise SystemExit("APP_ENV is prod: the sandbox world is for development and tests only. Set APP_ENV=dev.")


def main() -> None:
    refuse_production(app_env())
    default = World()
    parser = argparse.ArgumentParser(prog="python -m apps.sandbox", description=__doc__)
    parser.add_argument("--only", metavar="PARTS", default=",".join(PARTS), help="some of %(default)s")
    parser.add_argument("--port", type=int, default=default.port)
    parser.add_argument("--directory", type=Path, default=default.directory, help="where the world keeps its state")
    parser.add_argument("--smtp-port", type=int, default=default.smtp_port)
    parser.add_argument("--web-url", default=default.web_url, help="Kiosk's web process, for notifications")
    options = vars(parser.parse_args())
    parts = options.pop("only").split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}")
    world = World(**options)
    serving = server(create_world(world, parts), port=world.port)

    def stop(*_: object) -> None:
        serving.should_exit = True

    # Uvicorn ends well by itself but then dies of the signal; with handlers of ours the exit status says it was asked.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, stop)
    for name in parts:
        print(f"{PARTS[name].title}: http://127.0.0.1:{world.port}/{PARTS[name].page}", flush=True)
    if "mail" in parts:
        print(f"Mail is taken at smtp://127.0.0.1:{world.smtp_port}", flush=True)
    asyncio.run(serving.serve())
