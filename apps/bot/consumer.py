"""Stored updates, answered: each person's one after the other, different people's side by side. What is urgent waits
for nobody."""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import nullcontext
from typing import Any, ParamSpec, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from apps.bot.updates import Update, is_urgent
from apps.threads import in_thread
from services.platform import inbox
from services.platform.db import Database

MOST_HANDLERS = 32
MOST_IN_HAND = 200  # taken from the inbox and not closed yet
HANDLER_SECONDS = 60.0
RETRY_SECONDS = 1.0
HURRIED_KEPT = 1000

Lane = tuple[str, int]
P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger(__name__)


class Undecodable(Exception):
    """The update is none that this version knows how to read. The message names fields, never their values."""


class Consumer:
    """`handle` answers one update; it raises Undecodable, or anything else when it failed. `room` is set while more
    may be received."""

    def __init__(self, db: Database, bot_id: int, handle: Callable[[Update], Awaitable[None]]) -> None:
        self.room = asyncio.Event()
        self.room.set()
        self._db, self._bot_id, self._handle = db, bot_id, handle
        self._news = asyncio.Event()
        self._slots = asyncio.Semaphore(MOST_HANDLERS)
        self._in_hand: set[int] = set()
        self._queues: dict[Lane, deque[Update]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurried: deque[int] = deque(maxlen=HURRIED_KEPT)

    def wake(self) -> None:
        """New updates may be in the inbox."""
        self._news.set()

    def hurry(self, update: Update) -> None:
        """Answers an urgent update past the inbox, so that not even the database can delay it. Telegram repeats what it
        was not told to forget; once is enough."""
        if update["update_id"] not in self._hurried:
            self._hurried.append(update["update_id"])
            self._start(self._answer_at_once(update))

    async def run(self, over: asyncio.Event) -> None:
        """Takes updates until `over` is set (and `wake` called). It is not to be cancelled: what a transaction has
        taken must get into hand."""
        while not over.is_set():
            self._news.clear()
            try:
                if await self._take():
                    continue
            except SQLAlchemyError as error:
                log.warning("inbox_not_read", error=type(error).__name__)  # tried again on the next wake
            await self._news.wait()

    async def finish(self, seconds: float) -> None:
        """Waits for all that is in hand. What is still going on after `seconds` is cancelled and stays new."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                log.warning("updates_left_for_the_next_worker", updates=len(self._in_hand))
                await asyncio.wait(late, timeout=RETRY_SECONDS)

    async def _take(self) -> bool:
        """Whether there may be more, and room for it."""
        room = MOST_IN_HAND - len(self._in_hand)
        updates = await in_thread(self._taken, tuple(self._in_hand), room) if room else []
        for update in updates:
            self._in_hand.add(update["update_id"])
            lane = lane_of(update)
            if lane in self._queues:
                self._queues[lane].append(update)
                continue
            self._queues[lane] = deque([update])
            self._start(self._serve(lane))
        if len(self._in_hand) >= MOST_IN_HAND:
            self.room.clear()
        return bool(room) and len(updates) == room

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, lane: Lane) -> None:
        queue = self._queues[lane]
        while queue:
            # First come, first served: a long queue takes its turns among the others.
            async with nullcontext() if is_urgent(queue[0]) else self._slots:
                await self._answer(queue[0])
            self._in_hand.discard(queue.popleft()["update_id"])
            if not self.room.is_set():
                self.room.set()
                self.wake()
        del self._queues[lane]

    async def _answer_at_once(self, update: Update) -> None:
        _sign_log_lines(update)
        await self._outcome(update)

    async def _answer(self, update: Update) -> None:
        _sign_log_lines(update)
        # Noting first that it is begun, as with all others, could take the time that there is.
        if not is_urgent(update) and not await self._insist(self._begin, update["update_id"]):
            log.error("update_is_poison")
            return
        state, error = await self._outcome(update)
        await self._insist(self._close, update["update_id"], state, error)

    async def _insist(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Until the database takes it: the update stays in hand, so that it is not answered twice."""
        while True:
            try:
                return await in_thread(step, *args, **kwargs)
            except SQLAlchemyError as failure:
                log.warning("update_not_noted", error=type(failure).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _outcome(self, update: Update) -> tuple[str, str | None]:
        try:
            async with asyncio.timeout(HANDLER_SECONDS) as limit:
                await self._handle(update)
        except Undecodable as error:
            log.error("update_undecodable", fields=str(error)[:500])  # noqa: TRY400  # a traceback would show the values
            return "undecodable", str(error)
        except Exception as error:  # whatever a handler raises, the next update is served
            reason = f"longer than {HANDLER_SECONDS:g} s" if limit.expired() else _place(error)
            log.exception("update_failed", reason=reason)
            return "failed", reason
        return "done", None

    def _taken(self, in_hand: tuple[int, ...], limit: int) -> list[Update]:
        with self._db.begin() as tx:
            return inbox.take(tx, self._bot_id, in_hand, limit)

    def _begin(self, update_id: int) -> bool:
        with self._db.begin() as tx:
            return inbox.begin(tx, self._bot_id, update_id)

    def _close(self, update_id: int, state: str, error: str | None) -> None:
        with self._db.begin() as tx:
            inbox.close(tx, self._bot_id, update_id, state, error)


def lane_of(update: Update) -> Lane:
    """Whose turn it takes; what is urgent has a lane of its own."""
    return ("urgent", update["update_id"]) if is_urgent(update) else ("person", person_of(update))


def person_of(update: Update) -> int:
    """The user's id, else the chat's, else (a queue of its own) the update's. Whoever changes the members of a chat:
    it is about the member."""
    if (member := _changed_member(update)) is not None:
        return member
    for event in update.values():
        for role in ("from", "user", "chat"):
            if isinstance(event, dict) and isinstance(who := event.get(role), dict) and isinstance(who.get("id"), int):
                return int(who["id"])
    return int(update["update_id"])


def _changed_member(update: Update) -> int | None:
    change: Any = update.get("chat_member")
    for step in ("new_chat_member", "user", "id"):
        change = change.get(step) if isinstance(change, dict) else None
    return change if isinstance(change, int) else None


def chat_of(update: Update) -> int | None:
    for event in update.values():
        for holder in (event, event.get("message")) if isinstance(event, dict) else ():
            if isinstance(holder, dict) and isinstance(chat := holder.get("chat"), dict):
                return chat.get("id")
    return None


def _sign_log_lines(update: Update) -> None:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(update_id=update["update_id"], chat_id=chat_of(update))


def _place(error: Exception) -> str:
    """The exception's type and the line of ours that it passed last. Not its message: that may quote people."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    return f"{type(error).__qualname__} at {ours[-1].filename}:{ours[-1].lineno}"
