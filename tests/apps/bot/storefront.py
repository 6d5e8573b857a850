"""People who talk to the storefront: they write and tap in the sandbox's Telegram, and the dispatcher answers there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiogram import Dispatcher
from anyio.from_thread import BlockingPortal, start_blocking_portal

from apps.bot import dispatcher
from apps.bot.feed import feed
from apps.bot.session import make_bot
from apps.bot.updates import ALLOWED_UPDATES
from services import billing, catalog, identity
from tests.world import Kiosk, Person


class Storefront:
    """Feeds the dispatcher what Telegram has for it, one update after the other."""

    def __init__(self, kiosk: Kiosk, portal: BlockingPortal) -> None:
        self.kiosk = kiosk
        self.bot = make_bot(kiosk.kit.settings)
        self.dispatcher: Dispatcher = dispatcher.build(kiosk.kit)
        self._portal = portal
        self._api = f"/telegram/bot{self.bot.token}"
        self._last = 0
        self.take()

    def take(self) -> list[dict[str, Any]]:
        updates = self.kiosk.post(f"{self._api}/getUpdates", allowed_updates=list(ALLOWED_UPDATES))["result"]
        if updates:
            self.kiosk.post(f"{self._api}/getUpdates", offset=updates[-1]["update_id"] + 1)
        return updates

    def serve(self, times: int = 1) -> None:
        """Until nothing is left: an answer may bring the next update. Each comes so many `times`, as after a crash."""
        while updates := self.take():
            for update in updates * times:
                self._portal.call(feed, self.kiosk.kit, self.bot, self.dispatcher, update)

    def start_up(self) -> None:
        self._portal.call(partial(self.dispatcher.emit_startup, bot=self.bot, **self.dispatcher.workflow_data))

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        return self.kiosk.http.get(f"/telegram/log?after={after}").json()

    def last_call(self) -> int:
        self._last = max((call["n"] for call in self.calls(self._last)), default=self._last)
        return self._last

    def push(self, **update: Any) -> None:
        self.kiosk.post("/telegram/chat/api/updates", **update)
        self.serve()

    def import_tariffs(self, toml: str) -> None:
        with self.kiosk.kit.db.begin() as tx:
            catalog.import_catalogue(tx, toml, self.kiosk.now)

    def switch(self, provider: str, *, on: bool) -> None:
        """As an operator does."""
        with self.kiosk.kit.db.begin() as tx:
            billing.switch(tx, provider, on=on, actor="operator:1", reason="test", now=self.kiosk.now)

    def visitor(self, **profile: str) -> Visitor:
        profile = {"first_name": "Anna", "language_code": "en"} | profile
        return Visitor(self, self.kiosk.post("/telegram/chat/api/users", **profile)["id"])

    def close(self) -> None:
        self._portal.call(self.bot.session.close)


@dataclass
class Visitor:
    """One person. `say`, `tap` and `press` return the message that the bot wrote or changed in answer; where it did
    neither, the newest one."""

    shop: Storefront
    id: int

    def say(self, text: str) -> dict[str, Any]:
        before = self.chat()["version"]
        self.shop.kiosk.post(f"/telegram/chat/api/users/{self.id}/text", text=text)
        self.shop.serve()
        return self.last(before)

    def tap(self, label: str) -> dict[str, Any]:
        """The button whose text begins so, on the newest message that has it. Every tap must be answered."""
        message, button = next(
            (message, button)
            for message in reversed(self.messages())
            for button in buttons(message)
            if button["text"].startswith(label)
        )
        return self.press(message, button["callback_data"])

    def press(self, message: dict[str, Any], data: str) -> dict[str, Any]:
        before, calls = self.chat()["version"], self.shop.last_call()
        pressed = self.shop.kiosk.post(
            f"/telegram/chat/api/users/{self.id}/tap", message_id=message["message_id"], data=data
        )
        self.shop.serve()
        answers = [call for call in self.shop.calls(calls) if call["method"] == "answerCallbackQuery"]
        assert pressed["callback_query_id"] in [call["args"]["callback_query_id"] for call in answers]
        return self.last(before)

    def post_file(
        self, content: bytes, *, name: str = "receipt.jpg", kind: str = "image/jpeg", as_: str = "document"
    ) -> None:
        """Which the bot has not heard of yet."""
        address = f"/telegram/chat/api/users/{self.id}/file"
        answer = self.shop.kiosk.http.post(address, files={as_: (name, content, kind)})
        assert answer.status_code == 200, answer.text

    def pays(self, **what: Any) -> dict[str, Any]:
        """Presses Pay in an invoice: `message_id` or `link`, and `forwarded_from`. How it ended, with Telegram's words
        in "error"."""
        person = f"/telegram/chat/api/users/{self.id}"
        checkout = self.shop.kiosk.post(f"{person}/pay_invoice", **what)
        self.shop.serve()
        ended: dict[str, Any] = self.shop.kiosk.http.get(f"{person}/checkouts/{checkout['id']}").json()
        return ended

    def person(self) -> Person:
        """As Kiosk knows them."""
        with self.shop.kiosk.kit.db.begin() as tx:
            known = identity.find_user(tx, self.id)
        assert known is not None
        return Person(self.id, known.party, known.language.code)

    def messages(self, after: int = 0) -> list[dict[str, Any]]:
        """The bot's messages, oldest first; with `after`, only those that changed since that version of the chat."""
        return [message for message in self.chat(after)["messages"] if message["from"]["is_bot"]]

    def last(self, after: int = 0) -> dict[str, Any]:
        return (self.messages(after) or self.messages())[-1]

    def alert(self) -> str:
        """The notice over the chat that the last tap caused."""
        toast = self.chat()["toast"]
        assert toast["alert"]
        return str(toast["text"])

    def chat(self, after: int = 0) -> dict[str, Any]:
        return self.shop.kiosk.http.get(f"/telegram/chat/api/users/{self.id}/messages?after={after}").json()

    def set_blocked(self, *, blocked: bool) -> None:
        self.shop.kiosk.post(f"/telegram/chat/api/users/{self.id}/{'block' if blocked else 'unblock'}")
        self.shop.serve()


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [button for row in message.get("reply_markup", {}).get("inline_keyboard", ()) for button in row]


@contextmanager
def open_storefront(kiosk: Kiosk) -> Iterator[Storefront]:
    """Closes with the proof that the bot asked Telegram for nothing it refuses."""
    problems = len(kiosk.http.get("/telegram/problems").json())
    with start_blocking_portal() as portal:
        shop = Storefront(kiosk, portal)
        yield shop
        shop.close()
    assert kiosk.http.get("/telegram/problems").json()[problems:] == []
