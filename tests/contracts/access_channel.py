"""A private channel of Telegram, and owners who come in as soon as they may."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from apps.sandbox import telegram
from services import catalog, identity, provisioning
from services.catalog import Good
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.tls import trusted
from services.provisioning.provisioners.base import Grant, Held, Ref
from services.provisioning.provisioners.channel import TelegramChats
from tests.apps.sandbox.running_world import running
from tests.contracts.access_sides import Seen, Side

TOKEN = "42:SANDBOX"
NOBODY = "http://127.0.0.1:9"  # nothing listens there
CHANGES = ("createChatInviteLink", "revokeChatInviteLink", "approveChatJoinRequest", "unbanChatMember")
GOOD = """
[[good]]
name = "club"
kind = "channel"
chat = {chat}

[[tariff]]
slug = "club-1m"
name = {{en = "Club"}}
description = {{en = "Club"}}
prices = {{RUB = "100.00"}}
period = {{months = 1}}
access = ["club"]
"""


class Opened(Side):
    kind = "channel"
    claims = TelegramChats.capabilities
    modes: Collection[str] = ("down", "after", "misconfigured")
    new_after_the_end = True

    def __init__(self, db: Database, directory: Path) -> None:
        super().__init__(db, directory)
        self._stack = ExitStack()
        self._url = self._stack.enter_context(running(telegram.create_app(directory, self.now)))
        self._http = self._stack.enter_context(
            httpx.Client(base_url=self._url, verify=trusted(), trust_env=False, timeout=20)
        )
        self._owner: int = self._post("/chat/api/users", first_name="Olena")["id"]
        self._chat: int = self._post("/chat/api/channels", title="The club", owner=self._owner)["id"]
        with db.begin() as tx:
            catalog.import_catalogue(tx, GOOD.format(chat=self._chat), self.now())
        self._updates = itertools.count(1)
        self._right = self.provisioner = self._made()

    def good(self) -> Good:
        return Good("club", "channel", {}, {"chat": self._chat})

    def grant(self, **changes: Any) -> Grant:
        """Somebody's who is known to Telegram and to us."""
        telegram_id: int = self._post("/chat/api/users", first_name="Anna")["id"]
        with self.db.begin() as tx:
            person = {"telegram_id": telegram_id, "first_name": "Anna", "username": None, "language_code": "ru"}
            user = identity.greet(tx, **person, now=self.now())
        return super().grant(**({"telegram_id": telegram_id, "party": str(user.party)} | changes))

    def seen(self, grant: Grant) -> list[Seen]:
        """A member, or somebody who has a link to ask by. A link of which nobody knows is worth nothing to anybody."""
        chat = self._shown()
        inside = any(one["user"]["id"] == grant.telegram_id for one in self._inside(chat))
        links = [one for one in chat["links"] if one["name"] == grant.key and not one["is_revoked"]]
        if not inside and not links:
            return []
        return [Seen(grant.key, inside, None, links[-1]["invite_link"] if links else "")]

    def everything(self) -> object:
        chat = self._shown()
        return self._inside(chat), chat["links"], chat["requests"]

    def plant(self) -> Any:
        """Somebody whom an administrator let in."""
        stranger: int = self._post("/chat/api/users", first_name="Boris")["id"]
        self._post(f"/chat/api/channels/{self._chat}/members/{stranger}", status="member")
        self._post(f"/chat/api/channels/{self._chat}/links", name="k999999", creates_join_request=True)
        return stranger

    def foreign(self, planted: Any) -> object:
        chat = self._shown()
        links = [one for one in chat["links"] if one["name"] == "k999999"]
        return links, [one for one in self._inside(chat) if one["user"]["id"] in (planted, self._owner)]

    def break_down(self, mode: str) -> None:
        match mode:
            case "down":
                self.provisioner = self._made(url=NOBODY)
            case "after":
                for method in CHANGES:
                    self._post("/faults", mode="dropped_after", method=method)
            case "misconfigured":
                self._post(f"/chat/api/channels/{self._chat}/members/42", status="member")

    def mend(self) -> None:
        self.provisioner = self._right
        self._http.delete("/faults")
        self._post(f"/chat/api/channels/{self._chat}/members/42", status="administrator")

    def let_in(self, grant: Grant, link: str, adapter: TelegramChats) -> None:
        """Asks by the link, and Kiosk hears of it."""
        if any(one["user"]["id"] == grant.telegram_id for one in self._inside(self._shown())):
            return
        assert grant.telegram_id is not None
        self._post(f"/chat/api/users/{grant.telegram_id}/join", link=link)
        asked = provisioning.channels.JoinRequested(
            chat_id=self._chat,
            title="The club",
            telegram_id=grant.telegram_id,
            user_chat_id=grant.telegram_id,
            language_code="ru",
            ours=True,
            asked_at=self.now().replace(microsecond=0),
            update_id=next(self._updates),
        )
        adapter.answer(self.db, asked, self.now())

    def close(self) -> None:
        self._stack.close()

    def _shown(self) -> dict[str, Any]:
        (chat,) = self._http.get("/chat/api/channels").json()
        found: dict[str, Any] = chat
        return found

    def _inside(self, chat: dict[str, Any]) -> list[dict[str, Any]]:
        """Members without the bot, whose rights are another matter."""
        members: list[dict[str, Any]] = chat["members"]
        return [one for one in members if one["status"] not in ("left", "kicked") and one["user"]["id"] != 42]

    def _post(self, path: str, **body: Any) -> Any:
        answer = self._http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def _made(self, url: str | None = None) -> TelegramChats:
        made = Eager(api_url=url or self._url, token=TOKEN, cipher=Cipher("a secret for tests, long enough"))
        made.side = self
        self._stack.callback(made.close)
        return made


class Eager(TelegramChats):
    """Whoever was given a link comes in by it."""

    side: Opened

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        held = super().apply(db, grant, ref, now)
        if held.state == "active":
            self.side.let_in(grant, held.artifacts[0].content, self)
        return held
