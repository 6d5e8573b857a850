"""Receiving by long polling (Telegram Bot API 10.3, getUpdates).

Telegram forgets an update once it is asked for later ones, so it is asked for them only when the update is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import httpx
import structlog
from sqlalchemy.exc import DataError

from apps.bot.persist import persist
from apps.bot.updates import ALLOWED_UPDATES, Update, is_urgent
from apps.threads import in_thread
from services.platform import inbox
from services.platform.clock import Clock
from services.platform.db import Database
from services.platform.errors import Conflict, Misconfigured, TryLater
from services.platform.tls import trusted

LONG_POLL = 25  # seconds that Telegram waits for something to tell
UNAUTHORIZED = "Telegram does not know TELEGRAM_BOT_TOKEN: it was revoked, or it is mistyped"
TIMEOUT = httpx.Timeout(10, read=LONG_POLL + 10)

log = structlog.get_logger(__name__)


class Poller:
    """The only one that calls getUpdates for this bot: Telegram refuses a second one at the same time. What is urgent
    goes to `hurry` instead of into the inbox."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        bot_id: int,
        api_url: str,
        token: str,
        hurry: Callable[[Update], None],
    ) -> None:
        self._db, self._clock, self._bot_id, self._hurry = db, clock, bot_id, hurry
        self._http = httpx.AsyncClient(
            base_url=f"{api_url}/bot{token}/", timeout=TIMEOUT, verify=trusted(), trust_env=False
        )
        self._offset: int | None = None
        self._seconds = 0

    async def run(self, room: asyncio.Event) -> None:
        """Polls until it is cancelled, whatever Telegram and the database do, while `room` is set."""
        while True:
            await room.wait()
            await persist(self.poll)

    async def poll(self) -> None:
        """One getUpdates; what it brings is stored. Raises TryLater, Misconfigured, Conflict or SQLAlchemyError."""
        # The first poll, and the first after a failed one, returns at once: it tells that polling works.
        seconds, self._seconds = self._seconds, 0
        updates = await self._get_updates(seconds)
        for update in filter(is_urgent, updates):
            self._hurry(update)
        if patient := [update for update in updates if not is_urgent(update)]:
            await in_thread(self._store, patient)
        # An empty answer has confirmed the offset. To repeat it could hide updates: after a quiet week Telegram
        # numbers them from a random place, which may lie below.
        self._offset = max(update["update_id"] for update in updates) + 1 if updates else None
        self._seconds = LONG_POLL

    async def close(self) -> None:
        await self._http.aclose()

    async def _get_updates(self, seconds: int) -> list[Update]:
        arguments: dict[str, object] = {"timeout": seconds, "allowed_updates": ALLOWED_UPDATES}
        if self._offset is not None:
            arguments["offset"] = self._offset
        try:
            response = await self._http.post("getUpdates", json=arguments)
        except httpx.HTTPError as error:
            raise TryLater(f"getUpdates: no answer from Telegram ({type(error).__name__})") from None
        try:
            answer = response.json()
            if response.status_code == 200 and all(isinstance(u["update_id"], int) for u in answer["result"]):
                return list(answer["result"])
            description = answer.get("description", "")
            retry_after = answer.get("parameters", {}).get("retry_after")
        except (ValueError, TypeError, LookupError, AttributeError):  # a gateway's page, or JSON of another shape
            raise TryLater(f"getUpdates: unreadable answer, status {response.status_code}") from None
        match response.status_code:
            case 401 | 404:
                raise Misconfigured(UNAUTHORIZED)
            case 409:
                raise Conflict(f"another program polls this bot or a webhook is set. Telegram says: {description}")
            case status:
                after = float(retry_after) if retry_after else None
                raise TryLater(f"getUpdates: {status} {description}", after=after)

    def _store(self, updates: Sequence[Update]) -> None:
        try:
            self._store_together(updates)
        except DataError:
            for update in updates:
                try:
                    self._store_together([update])
                except DataError:  # it never will be: what PostgreSQL cannot hold must not keep the others out
                    log.error("update_cannot_be_stored", update_id=update["update_id"])  # noqa: TRY400  # quotes it

    def _store_together(self, updates: Sequence[Update]) -> None:
        with self._db.begin() as tx:
            inbox.store(tx, self._bot_id, updates, self._clock.now())
