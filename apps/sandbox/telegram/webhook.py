"""Delivery of updates to the bot's URL (Telegram Bot API 10.3, setWebhook).

Updates of one chat go one after the other, those of different chats side by side. An answer other than 2xx, or
none, means the same update again after a growing pause.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from apps.sandbox.telegram import shapes
from apps.sandbox.telegram.store import Store
from apps.sandbox.telegram.updates import Updates
from services.platform.tls import trusted

Json = dict[str, Any]

ANSWER_SECONDS = 60.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0


class Webhook:
    """One task for each chat that has something to deliver, while a webhook is set."""

    def __init__(self, store: Store, updates: Updates, now: Callable[[], datetime]) -> None:
        self._store = store
        self._updates = updates
        self._now = now
        self._couriers: dict[int, asyncio.Task[None]] = {}
        self._client: httpx.AsyncClient | None = None
        self._slots = asyncio.Semaphore()
        updates.pushed = self.wake

    @property
    def _settings(self) -> Json:
        return self._store.state.webhook

    async def set(self, settings: Json) -> None:
        """Delivers to `settings["url"]` from now on; an empty url ends the delivery."""
        await self.stop()
        self._store.state.webhook = settings
        self._store.save()
        self._updates.interrupt()
        self.wake()

    def wake(self) -> None:
        """Sees that every waiting update has a task which delivers it."""
        if not self._settings["url"]:
            return
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS, verify=trusted(), trust_env=False)
            self._slots = asyncio.Semaphore(self._settings["max_connections"])
        for chat in {shapes.chat_of(update) for update in self._updates.pending}:
            if chat not in self._couriers:
                self._couriers[chat] = asyncio.create_task(self._serve(self._client, chat))

    async def stop(self) -> None:
        """Ends all deliveries; what is not confirmed stays in the queue."""
        couriers = list(self._couriers.values())
        for courier in couriers:
            courier.cancel()
        await asyncio.gather(*couriers, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def info(self) -> Json:
        """WebhookInfo, the answer of getWebhookInfo."""
        shown = ("url", "max_connections", "ip_address", "last_error_date", "last_error_message")
        info: Json = {name: self._settings[name] for name in shown if name in self._settings}
        info |= {"has_custom_certificate": False, "pending_update_count": len(self._updates.pending)}
        if self._store.state.allowed_updates:
            info["allowed_updates"] = self._store.state.allowed_updates
        return info

    async def _serve(self, client: httpx.AsyncClient, chat: int) -> None:
        pause = FIRST_PAUSE
        try:
            while update := self._next_of(chat):
                async with self._slots:
                    error = await self._deliver(client, update)
                if error is None:
                    self._updates.confirm(update["update_id"])
                    pause = FIRST_PAUSE
                    continue
                self._settings["last_error_date"] = int(self._now().timestamp())
                self._settings["last_error_message"] = error
                self._store.save()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        finally:
            del self._couriers[chat]

    def _next_of(self, chat: int) -> Json | None:
        return next((u for u in self._updates.pending if shapes.chat_of(u) == chat), None)

    async def _deliver(self, client: httpx.AsyncClient, update: Json) -> str | None:
        secret = self._settings.get("secret_token")
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        try:
            answer = await client.post(self._settings["url"], json=update, headers=headers)
        except httpx.TimeoutException:
            return "Read timeout expired"
        except httpx.TransportError as error:
            return str(error) or type(error).__name__
        if answer.is_success:
            return None
        return f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
