"""The sandbox world in a thread of the test process, and a Kiosk that lives in it step by step.

Everything is real but the processes: PostgreSQL, Redis, HTTP. `Kiosk.drain` does what relay and workers would do, in
this thread, until nothing is left to do; `Kiosk.pass_time` moves the clock of the whole world."""

from __future__ import annotations

import itertools
import mimetypes
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpx
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from apps.sandbox import cryptopay, portmone, remnawave, robokassa, seller, storage, telegram, vpn, wgportal, yookassa
from apps.sandbox.clock import Offset
from apps.sandbox.environment import PORTAL_TOKEN, environment
from apps.sandbox.server import server
from apps.sandbox.stack import Stack
from apps.web.webhooks import payment_provider
from services import assembly, billing, catalog, identity, ledger, receipts
from services.kit import Kit
from services.platform import outbox
from services.platform.clock import wall_clock
from services.platform.config import load
from services.platform.errors import KioskError
from services.platform.money import Money
from services.platform.tls import trusted
from services.react import react
from services.reactions import routes
from services.schedule import SCHEDULE, run

TOML = """
[[tariff]]
slug = "vpn-1m"
product = "vpn"
name = {ru = "VPN на месяц", uk = "VPN на місяць", en = "VPN for a month"}
description = {ru = "Быстрый", uk = "Швидкий", en = "Fast"}
prices = {RUB = "299.00", XTR = "150"}
period = {months = 1}
devices = 3
access = ["wireguard"]
"""
SECRET = "a secret for tests, long enough"
SETTINGS = ("/yookassa/settings", "/robokassa/settings", "/cryptopay/settings")


class World:
    """The outside: Telegram, YooKassa, VPN servers, the movable clock. `url` is its root."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.offset = Offset(directory / "clock")
        self.numbers = itertools.count(1)
        self.kiosk: Kiosk | None = None  # who gets YooKassa's notifications
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        codes = ("de1", "nl1")
        self.vpn_keys = {code: vpn.public_key(code) for code in codes}
        shop = yookassa.create_app(
            directory / "yookassa",
            self.offset.now,
            notification_url=f"{self.url}/kiosk/yookassa",
            pauses=(0.05, 0.1, 60),
        )
        parts = {
            "/telegram": telegram.create_app(directory / "telegram", self.offset.now),
            "/yookassa": shop,
            "/robokassa": robokassa.create_app(
                directory / "robokassa",
                self.offset.now,
                result_url=f"{self.url}/kiosk/robokassa",
                pauses=(0.05, 0.1, 60),
            ),
            "/cryptopay": cryptopay.create_app(
                directory / "cryptopay",
                self.offset.now,
                notification_url=f"{self.url}/kiosk/cryptopay",
                pauses=(0.05, 0.1, 60),
            ),
            "/portmone": portmone.create_app(directory / "portmone", self.offset.now),
            "/wgportal": wgportal.create_app(directory / "wgportal", token=PORTAL_TOKEN),
            **{
                f"/{name}": remnawave.create_app(
                    directory / name,
                    self.offset.now,
                    dialect=dialect,
                    public_url=f"{self.url}/{name}",
                    pause=0.05,
                )
                for name, dialect in (("panel", "3"), ("panel2", "2"))
            },
            "/seller": seller.create_app(directory / "seller", secret="sandbox-callout-secret"),
            "/storage": storage.create_app(directory / "storage"),
            "/vpn": vpn.create_app(directory / "vpn", secret="sandbox-agent-secret", codes=codes),
        }
        app = Starlette(
            routes=[
                Route("/kiosk/{provider}", self._notified, methods=["POST"]),
                *(Mount(path, part) for path, part in parts.items()),
            ],
            lifespan=_together(list(parts.values())),
        )
        self.touched: set[str] = set()  # paths of requests that may have changed something
        self._server = server(self._noting(app), port=port)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_for(lambda: self._server.started)
        with httpx.Client(base_url=self.url, verify=trusted(), trust_env=False) as http:
            self._settings = {path: http.get(path).json() for path in SETTINGS}

    def clear(self, http: httpx.Client) -> None:
        """No fault is left behind, no setting, and no panel's users: another database gives the same names again."""
        touched, self.touched = self.touched, set()
        for path in touched & set(SETTINGS):
            http.post(path, json=self._settings[path]).raise_for_status()
        for path in touched:
            if path.endswith("/faults") and path.count("/") == 2:
                http.delete(path)
        for panel in {path.split("/")[1] for path in touched} & {"panel", "panel2"}:
            http.post(f"/{panel}/reset")

    def _noting(self, app: Starlette) -> ASGIApp:
        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
                self.touched.add(scope["path"])
            await app(scope, receive, send)

        return noted

    async def _notified(self, request: Request) -> Response:
        told = unquote_plus((await request.body()).decode())
        if self.kiosk is None or not any(key in told for key in self.kiosk.attempt_keys()):
            return Response()  # about another test's payment: it came late
        request.scope["app"] = self.kiosk
        try:
            return await payment_provider(request)
        except KioskError:
            return Response(status_code=400)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


def _together(parts: list[Starlette]) -> Any:
    """Runs the lifespans of mounted applications, which Starlette does not."""

    def lifespan(app: Starlette) -> Any:
        from contextlib import AsyncExitStack, asynccontextmanager

        @asynccontextmanager
        async def running() -> Any:
            async with AsyncExitStack() as stack:
                for part in parts:
                    await stack.enter_async_context(part.router.lifespan_context(part))
                yield

        return running()

    return lifespan


@dataclass
class Person:
    """Somebody at Telegram who has pressed Start, and whom Kiosk knows."""

    telegram_id: int
    party: identity.Party
    language_code: str


@dataclass
class State:
    kit: Kit


@dataclass
class Kiosk:
    """One Kiosk on a database of its own. `state` makes it look like the web application to its own webhooks."""

    kit: Kit
    world: World
    http: httpx.Client
    state: State = field(init=False)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.state = State(self.kit)

    @property
    def now(self) -> datetime:
        return self.kit.clock.now()

    def person(self, first_name: str = "Анна", language_code: str = "ru", start: str | None = None) -> Person:
        """`start` is the parameter of the link by which they came."""
        user = self.post("/telegram/chat/api/users", first_name=first_name, language_code=language_code)
        self.post(f"/telegram/chat/api/users/{user['id']}/text", text="/start")
        with self.kit.db.begin() as tx:
            known = identity.greet(
                tx,
                telegram_id=user["id"],
                first_name=first_name,
                username=None,
                language_code=language_code,
                now=self.now,
                start_parameter=start,
            )
        return Person(user["id"], known.party, language_code)

    def checkout(
        self, person: Person, tariff: str | None = "vpn-1m", provider: str = "yookassa", **how: Any
    ) -> billing.Checkout:
        return billing.checkout(
            self.kit.db,
            self.kit.providers[provider],
            party=person.party,
            tariff=tariff,
            description="VPN",
            return_url="https://t.me/kiosk_bot",
            now=self.now,
            **how,
        )

    def retry(self, person: Person, payment_id: int, provider: str | None = None) -> billing.Checkout:
        return billing.retry(
            self.kit.db,
            self.kit.providers,
            party=person.party,
            payment_id=payment_id,
            provider=provider,
            description="VPN",
            return_url="https://t.me/kiosk_bot",
            now=self.now,
        )

    def refund(self, payment_id: int, **how: Any) -> int:
        """Asks for a refund, as an operator does; `drain` carries it out."""
        with self.kit.db.begin() as tx:
            code = billing.any_payment(tx, payment_id).provider
            provider = self.kit.providers[code]
            wanted = {"reason": "the buyer asked", "actor": "operator:1"} | how
            return billing.request_refund(tx, provider, payment_id, now=self.now, **wanted)

    def decide(self, payment_id: int, choice: billing.Choice) -> None:
        with self.kit.db.begin() as tx:
            billing.decide(tx, self.kit.providers, payment_id, choice, actor="operator:1", now=self.now)

    def give(self, person: Person, amount: Money) -> None:
        """Puts money on somebody's balance."""
        entries = [ledger.Entry("equity:test", amount), ledger.Entry(f"wallet:{person.party}", -amount)]
        with self.kit.db.begin() as tx:
            ledger.post(tx, kind="test_gift", reference=str(next(self.numbers)), entries=entries, now=self.now)

    def balance(self, account: str, currency: str = "RUB") -> int:
        """Minor units: debits less credits."""
        with self.kit.db.begin() as tx:
            return ledger.balance(tx, account, currency).minor

    def faults(self) -> list[ledger.Fault]:
        """What is wrong with the books."""
        with self.kit.db.begin() as tx:
            return billing.check_books(tx) + receipts.payouts.check_payouts(tx)

    def attempt_keys(self) -> list[str]:
        """Of all attempts and refunds."""
        with self.kit.db.begin() as tx:
            return list(tx.scalars(text("SELECT key::text FROM payments UNION ALL SELECT key::text FROM refunds")))

    def pay(self, checkout: billing.Checkout, notify: str = "once", **order: Any) -> str:
        """At the provider's page. Returns the payment's id there. With `notify` other than "never" it waits until the
        notification has arrived."""
        external_id = self.external_id(checkout.payment_id)
        before = self.told(external_id)
        self.post(f"/yookassa/payments/{external_id}/pay", **({"outcome": "success", "notify": notify} | order))
        if notify != "never":
            wait_for(lambda: self.told(external_id) > before)
        return external_id

    def buy(self, person: Person, tariff: str = "vpn-1m") -> billing.Checkout:
        checkout = self.checkout(person, tariff)
        self.pay(checkout)
        self.drain()
        return checkout

    def external_id(self, payment_id: int) -> str:
        return str(self.scalar("SELECT external_id FROM payments WHERE id = :id", id=payment_id))

    def told(self, external_id: str) -> int:
        """How many notifications of a payment have arrived."""
        total = "SELECT coalesce(sum(times), 0) FROM payment_notifications WHERE external_id = :id"
        return int(self.scalar(total, id=external_id))

    def drain(self, patience: float = 0.0) -> None:
        """Carries out everything that is due, and what becomes due within `patience` seconds."""
        end = time.monotonic() + patience
        while True:
            with self.kit.db.begin() as tx:
                planned = outbox.plan(tx, routes, wall_clock())
            with self.kit.db.begin() as tx:
                due = outbox.lease(tx, wall_clock())
            for event_id, reaction, _ in sorted(due):
                self.kit.redis.flushall()  # nobody waits for the pace of real chats
                react(self.kit, event_id, reaction)
            if not planned and not due:
                if time.monotonic() >= end:
                    return
                time.sleep(0.02)

    def pass_time(self, span: timedelta, step: timedelta = timedelta(hours=1)) -> None:
        """Moves the clock in steps, running the schedule and its consequences after each."""
        while span > timedelta():
            self.world.offset.move(int(min(step, span).total_seconds()))
            span -= step
            self.tick()

    def tick(self) -> None:
        for scheduled in SCHEDULE:
            run(self.kit.db, scheduled, self.now)
        self.drain()

    def messages(self, person: Person) -> list[dict[str, Any]]:
        """What the bot wrote to somebody, oldest first, as the chat page gets it."""
        chat = self.http.get(f"/telegram/chat/api/users/{person.telegram_id}/messages").json()
        return [message for message in chat["messages"] if message["from"]["is_bot"]]

    def photo(self, person: Person, content: bytes, caption: str = "") -> dict[str, Any]:
        """Somebody sends a picture (in any format that Pillow reads), which Telegram compresses. Returns the Message
        as the bot gets it."""
        return self._upload(person, {"photo": ("photo.jpg", content, "image/jpeg")}, caption)

    def document(
        self, person: Person, content: bytes, name: str, mime: str | None = None, caption: str = ""
    ) -> dict[str, Any]:
        """Somebody sends a file, byte for byte; its type is that of its name, unless given. Returns the Message."""
        mime = mime or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return self._upload(person, {"document": (name, content, mime)}, caption)

    def contact(self, person: Person, phone: str, **whose: Any) -> dict[str, Any]:
        """Somebody shares a phone number: the own one; with `user_id` and `first_name` somebody else's (`user_id=None`
        is of nobody at Telegram). Returns the Message."""
        address = f"/telegram/chat/api/users/{person.telegram_id}/contact"
        return self.post(address, phone_number=phone, **whose)

    def _upload(self, person: Person, part: dict[str, Any], caption: str) -> dict[str, Any]:
        address = f"/telegram/chat/api/users/{person.telegram_id}/file"
        answer = self.http.post(address, files=part, data={"caption": caption})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, address: str, /, **body: Any) -> Any:
        answer = self.http.post(address, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def scalar(self, sql: str, **values: Any) -> Any:
        with self.kit.db.begin() as tx:
            return tx.scalar(text(sql), values)

    def count(self, table: str, where: str = "true") -> int:
        return int(self.scalar(f"SELECT count(*) FROM {table} WHERE {where}"))

    def undone(self) -> list[tuple[str, str]]:
        """Deliveries that wait for a better moment, with their errors."""
        with self.kit.db.begin() as tx:
            rows = tx.execute(text("SELECT reaction, last_error FROM outbox_deliveries WHERE done_at IS NULL"))
            return [(row.reaction, row.last_error) for row in rows]

    def hurry(self) -> None:
        """Makes everything that was postponed due now."""
        with self.kit.db.begin() as tx:
            tx.execute(text("UPDATE outbox_deliveries SET due_at = now() - interval '1 second' WHERE done_at IS NULL"))
        self.drain()


@contextmanager
def kiosk_in(world: World, stack: Stack, database_url: str, **changes: str) -> Iterator[Kiosk]:
    """A Kiosk with the sample tariff on sale. `changes` are environment variables."""
    given = environment(
        {"DATABASE_URL": database_url, "REDIS_URL": stack.redis_url, **changes},
        stack=stack,
        world_url=world.url,
        world_directory=world.directory,
        port=5000,
        encryption_secret=SECRET,
        vpn_keys=world.vpn_keys,
    )
    kit = assembly.build(load(given), "jobs")
    _to_noon(world)
    with kit.db.begin() as tx:
        catalog.import_catalogue(tx, TOML, kit.clock.now())
        # The world outlives this database, and its Robokassa knows every number that was ever used.
        tx.execute(text(f"ALTER SEQUENCE payment_numbers RESTART {next(world.numbers) * 1000}"))
    with httpx.Client(base_url=world.url, verify=trusted(), trust_env=False, timeout=20) as http:
        kiosk = Kiosk(kit, world, http)
        world.kiosk = kiosk
        yield kiosk
        world.kiosk = None
        world.clear(http)
    kit.close()


def _to_noon(world: World) -> None:
    """At night people are not reminded: each test begins about noon in Moscow, whenever it is run."""
    now = world.offset.now()
    if not 8 <= now.hour < 11:
        noon = now.replace(hour=9, minute=0, second=0, microsecond=0)
        world.offset.move(int((noon - now).total_seconds()) % 86400 + 1)


MakeKiosk = Callable[..., AbstractContextManager[Kiosk]]


def wait_for(condition: Any, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.005)
