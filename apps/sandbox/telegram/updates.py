"""The queue of updates the bot has not confirmed (Telegram Bot API 10.3, "Getting updates")."""

import time
from collections.abc import Callable
from typing import Any

from apps.sandbox.telegram import shapes
from apps.sandbox.telegram.bell import Bell
from apps.sandbox.telegram.errors import ApiError
from apps.sandbox.telegram.store import Store

Json = dict[str, Any]

MAX_POLL_SECONDS = 50


class Updates:
    """Updates wait here until a later getUpdates, or the webhook, confirms them; `pushed` hears of each new one."""

    def __init__(self, store: Store) -> None:
        self._state = store.state
        self._save = store.save
        self._bell = Bell()
        self._poll = 0
        self.pushed: Callable[[], None] = lambda: None

    @property
    def pending(self) -> list[Json]:
        """Unconfirmed updates, oldest first."""
        return self._state.updates

    def wanted(self, kind: str) -> bool:
        """Whether the bot has asked for this kind."""
        allowed = self._state.allowed_updates
        return kind in allowed if allowed else kind not in shapes.DEFAULT_EXCLUDED

    def push(self, kind: str, payload: Json) -> None:
        """Queues an update, unless the bot has not asked for its kind."""
        if self.wanted(kind):
            self.push_raw({kind: payload})

    def push_raw(self, update: Json) -> int:
        """Queues an update as it is, well-formed or not, and returns its update_id."""
        update_id = self._state.next_update_id
        self._state.next_update_id += 1
        self._state.updates.append({**update, "update_id": update_id})
        self._save()
        self._bell.ring()
        self.pushed()
        return update_id

    def confirm(self, update_id: int) -> None:
        """Forgets one delivered update."""
        self._state.updates[:] = [u for u in self._state.updates if u["update_id"] != update_id]
        self._save()

    def clear(self) -> None:
        """Forgets all (drop_pending_updates)."""
        self._state.updates.clear()
        self._save()

    def allow(self, kinds: list[str] | None) -> None:
        """Sets the kinds delivered from now on; [] means the default ones, None leaves the setting as it was."""
        if kinds is not None:
            self._state.allowed_updates = kinds
            self._save()

    def interrupt(self) -> None:
        """Ends a running getUpdates, whose reason to exist is gone."""
        self._bell.ring()

    async def get(self, offset: int, limit: int, seconds: float) -> list[Json]:
        """getUpdates: confirms everything before `offset`, then waits up to `seconds` for something to return.

        A negative offset keeps only the last updates. Raises ApiError 409 when a webhook is set, or when another
        getUpdates begins while this one waits.
        """
        self._poll += 1
        this_poll = self._poll
        self._bell.ring()
        if self._state.webhook["url"]:
            raise _conflict("can't use getUpdates method while webhook is active; "
                            "use deleteWebhook to delete the webhook first")  # fmt: skip
        self._confirm_before(offset)
        deadline = time.monotonic() + min(seconds, MAX_POLL_SECONDS)
        while True:
            if this_poll != self._poll:
                raise _conflict("terminated by other getUpdates request; "
                                "make sure that only one bot instance is running")  # fmt: skip
            if self._state.webhook["url"]:
                raise _conflict("terminated by setWebhook request")
            remaining = deadline - time.monotonic()
            if self.pending or remaining <= 0:
                return self.pending[:limit]
            await self._bell.wait(remaining)

    def _confirm_before(self, offset: int) -> None:
        before = len(self.pending)
        if offset < 0:
            del self._state.updates[:offset]
        elif offset > 0:
            self._state.updates[:] = [u for u in self._state.updates if u["update_id"] >= offset]
        if len(self.pending) != before:
            self._save()


def _conflict(reason: str) -> ApiError:
    return ApiError(409, f"Conflict: {reason}")
