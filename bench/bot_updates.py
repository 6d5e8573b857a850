"""What an update costs the bot: CPU of this process for each, and updates per second.

Ceilings: a bare aiogram dispatcher whose handler does nothing, sends a message, or answers a button and changes its
message; and a bare Starlette webhook route (secret and JSON). Against the first three stands Kiosk's worker, for as
many answers: updates of 50 people are stored as its poller does, taken, dispatched, answered, closed. Against the last
stands Kiosk's webhook route, which stores each update in a transaction of its own.
Routes are called in process. Answers go to a Bot API in another process that is always ready (bench/bot_api.py)."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import uvloop
from aiogram import Bot, Dispatcher
from aiogram.types import CallbackQuery, Message
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.bot import dispatcher as storefront
from apps.bot.callbacks import Mine, Shop
from apps.bot.consumer import MOST_HANDLERS, Consumer
from apps.bot.session import make_bot
from apps.sandbox.runner import ask
from apps.web.main import create
from bench.people import PEOPLE, Update, said, tapped, updates
from bench.purchases import Instant, check_out
from bench.rig import Cost, rig, stopwatch, table
from services import billing, identity, subscriptions
from services.billing.record import record
from services.kit import Kit
from services.platform import inbox
from services.platform.clock import wall_clock

COUNT = 400
BATCH = 100  # updates that Telegram gives to one getUpdates at most
SECRET = "a-secret-for-benchmarks"


async def _bare_webhook(request: Request) -> Response:
    given = request.headers.get("x-telegram-bot-api-secret-token", "")
    if not secrets.compare_digest(given.encode(), SECRET.encode()):
        return Response(status_code=403)
    update = json.loads(await request.body())
    return Response(status_code=200 if type(update["update_id"]) is int else 400)


async def route(app: Starlette, given: Sequence[Update]) -> Cost:
    headers = [(b"x-telegram-bot-api-secret-token", SECRET.encode())]
    scope = {"type": "http", "method": "POST", "path": "/webhooks/telegram", "query_string": b"", "headers": headers}
    bodies = iter([json.dumps(update).encode() for update in given])

    async def receive() -> Update:
        return {"type": "http.request", "body": next(bodies), "more_body": False}

    async def send(message: Any) -> None:
        assert message.get("status", 200) == 200

    with stopwatch(len(given)) as cost:
        for _ in given:
            await app({**scope}, receive, send)
    return cost


async def bare_aiogram(bot: Bot, handler: Callable[..., Awaitable[Any]], given: Sequence[Update]) -> Cost:
    dispatcher = Dispatcher(disable_fsm=True)
    (dispatcher.message if "message" in given[0] else dispatcher.callback_query).register(handler)
    with stopwatch(len(given)) as cost:
        for start in range(0, len(given), MOST_HANDLERS):
            some = given[start : start + MOST_HANDLERS]
            await asyncio.gather(*(dispatcher.feed_raw_update(bot, update) for update in some))
    return cost


async def _nothing(_message: Message) -> None:
    pass


async def _hello(message: Message) -> None:
    await message.answer("hello")


async def _change(callback: CallbackQuery) -> None:
    await callback.answer()
    assert isinstance(callback.message, Message)
    await callback.message.edit_text("hello")


async def worker(kit: Kit, bot: Bot, dispatcher: Dispatcher, given: Sequence[Update]) -> Cost:
    left, done, over = len(given), asyncio.Event(), asyncio.Event()

    async def handle(update: Update) -> None:
        nonlocal left
        await dispatcher.feed_raw_update(bot, update)
        left -= 1
        if not left:
            done.set()

    consumer = Consumer(kit.db, bot.id, handle)
    with stopwatch(len(given)) as cost:
        for start in range(0, len(given), BATCH):
            with kit.db.begin() as tx:
                inbox.store(tx, bot.id, given[start : start + BATCH], wall_clock())
        running = asyncio.create_task(consumer.run(over))
        await done.wait()
        await consumer.finish(10)
    over.set()
    consumer.wake()
    await running
    with kit.db.begin() as tx:
        assert not inbox.take(tx, bot.id, (), 1)
    return cost


def subscribe(kit: Kit, telegram_id: int) -> None:
    """Makes somebody known, with one active subscription."""
    now, provider = wall_clock(), Instant()
    with kit.db.begin() as tx:
        person = identity.greet(
            tx, telegram_id=telegram_id, first_name="Anna", username=None, language_code="ru", now=now
        )
    due = check_out(kit.db, provider, person.party)
    with kit.db.begin() as tx:
        record(tx, provider, due.payment_id, due.word, now, cause="benchmark")
        paid = billing.InvoicePaid(invoice_id=due.invoice_id, payment_id=due.payment_id, party=str(due.party))
        subscriptions.extend_after_payment(tx, paid, now)


async def measure(kit: Kit) -> None:
    bot, dispatcher = make_bot(kit.settings), storefront.build(kit)
    kinds: dict[str, tuple[Callable[[int], Update], Callable[..., Awaitable[Any]]]] = {
        "another bot's message, dropped": (lambda person: said(person, is_bot=True), _nothing),
        "unknown text, 1 answer": (said, _hello),
        "the catalogue, 2 answers": (lambda person: tapped(person, Shop().pack()), _change),
        "my subscription, 2 answers": (lambda person: tapped(person, Mine().pack()), _change),
    }
    rows = []
    for what, (make, handler) in kinds.items():
        await worker(kit, bot, dispatcher, updates(make, 50))  # connects, compiles
        await bare_aiogram(bot, handler, updates(make, 50))
        ceiling = await bare_aiogram(bot, handler, updates(make, COUNT))
        rows.append((f"worker: {what}", ceiling, await worker(kit, bot, dispatcher, updates(make, COUNT))))
    await bot.session.close()
    bare = Starlette(routes=[Route("/webhooks/telegram", _bare_webhook, methods=["POST"])])
    rows.append(
        (
            "webhook route: stored",
            await route(bare, updates(said, COUNT)),
            await route(create(kit), updates(said, COUNT)),
        )
    )
    _print(rows)


def _print(rows: Sequence[tuple[str, Cost, Cost]]) -> None:
    table(
        ("Bot updates", "ceiling's CPU", "Kiosk's CPU", "× ceiling", "ceiling's rate", "Kiosk's rate"),
        [
            (
                what,
                f"{ceiling.cpu_us:,.0f} µs",
                f"{ours.cpu_us:,.0f} µs",
                f"{ours.cpu / ceiling.cpu:.1f}",
                f"{ceiling.per_second:,.0f}/s",
                f"{ours.per_second:,.0f}/s",
            )
            for what, ceiling, ours in rows
        ],
    )


def main() -> None:
    with rig() as stand:
        api = f"http://127.0.0.1:{stand.world_port}"
        changes = {"TELEGRAM_API_URL": api, "TELEGRAM_BOT_TOKEN": "42:BENCH", "TELEGRAM_LINK_URL": api}
        webhook = {"TELEGRAM_MODE": "webhook", "TELEGRAM_WEBHOOK_SECRET": SECRET}
        command = f"python -m bench.bot_api {stand.world_port}"
        with (
            stand.process("bot_api", command, stand.environ()) as telegram,
            stand.kit("worker", **changes, **webhook) as kit,
        ):
            telegram.wait_for(lambda: ask(api) is not None)
            for person in PEOPLE:
                subscribe(kit, person)
            uvloop.run(measure(kit))


if __name__ == "__main__":
    main()
