"""The parts of one stand-in Telegram, as its methods see them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from apps.sandbox.telegram import shapes
from apps.sandbox.telegram.checkouts import Checkouts
from apps.sandbox.telegram.faults import Faults
from apps.sandbox.telegram.files import Files
from apps.sandbox.telegram.journal import Journal
from apps.sandbox.telegram.store import Store
from apps.sandbox.telegram.updates import Updates
from apps.sandbox.telegram.webhook import Webhook


@dataclass
class Address:
    """Where the bot has reached this Telegram last: invoice links lead there."""

    url: str = ""


@dataclass(frozen=True)
class World:
    """`now` tells the time of messages; `token` is the only one accepted; `bot` is the bot's User."""

    token: str
    bot: dict[str, Any]
    now: Callable[[], datetime]
    store: Store
    files: Files
    updates: Updates
    webhook: Webhook
    faults: Faults
    journal: Journal
    checkouts: Checkouts
    address: Address


def build(directory: Path, now: Callable[[], datetime], bot_username: str, token: str, patience: float) -> World:
    """A Telegram that remembers in `directory`; the bot's id is the number its token begins with. `patience` is how
    many seconds the bot has to answer a pre-checkout query."""
    directory.mkdir(parents=True, exist_ok=True)
    bot = shapes.bot_user(int(token.partition(":")[0]), bot_username)
    store = Store(directory, bot, now)
    updates = Updates(store)
    return World(
        token=token,
        bot=bot,
        now=now,
        store=store,
        files=Files(directory / "files", store, now),
        updates=updates,
        webhook=Webhook(store, updates, now),
        faults=Faults(),
        journal=Journal(),
        checkouts=Checkouts(patience),
        address=Address(),
    )
