"""A private channel in the sandbox's Telegram and a grant to it, without any bot process."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services import catalog, identity, provisioning
from services.provisioning.channels.door import answer_request
from services.provisioning.provisioners.base import Grant, Held
from services.provisioning.provisioners.channel import TelegramChats
from tests.world import Kiosk, Person

BOT = 42
GOOD = """
[[good]]
name = "club"
kind = "channel"
title = {{ru = "Клуб", uk = "Клуб", en = "The club"}}
chat = {chat}

[[tariff]]
slug = "club-1m"
product = "club"
name = {{ru = "Клуб", uk = "Клуб", en = "Club"}}
description = {{ru = "Клуб", uk = "Клуб", en = "Club"}}
prices = {{RUB = "100.00"}}
period = {{days = 30}}
access = ["club"]
"""


class Door:
    """One person, Anna, who has bought; `grant` is hers as it is wanted, `held` what the last call said."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.kiosk = kiosk
        self.owner: int = kiosk.post("/telegram/chat/api/users", first_name="Olena")["id"]
        self.chat: int = kiosk.post("/telegram/chat/api/channels", title="The club", owner=self.owner)["id"]
        with kiosk.kit.db.begin() as tx:
            catalog.import_catalogue(tx, GOOD.format(chat=self.chat), kiosk.now)
        self.anna = kiosk.person()
        kiosk.buy(self.anna, "club-1m")
        adapter = kiosk.kit.provisioners["channel"]
        assert isinstance(adapter, TelegramChats)
        self.adapter = adapter
        self.updates = itertools.count(1)

    def grant(self, **changes: Any) -> Grant:
        """As the core reads it."""
        from services.provisioning.grants import read
        from services.provisioning.models import AccessGrantRow

        with self.kiosk.kit.db.begin() as tx:
            [row] = tx.query(AccessGrantRow).all()
            return replace(read(tx, row), **changes)

    def want(self, wanted: str) -> None:
        """What the subscription says, without telling anybody."""
        self.kiosk.scalar("UPDATE access_grants SET wanted = :wanted RETURNING id", wanted=wanted)

    def apply(self, **changes: Any) -> Held:
        return self.adapter.apply(self.kiosk.kit.db, self.grant(**changes), {}, self.kiosk.now)

    def fetch(self, **changes: Any) -> Held:
        return self.adapter.fetch(self.kiosk.kit.db, self.grant(**changes), {"chat": self.chat}, self.kiosk.now)

    def link(self) -> str:
        with self.kiosk.kit.db.begin() as tx:
            [access] = provisioning.access_of(tx, self.kiosk.kit.cipher, self.anna.party, self.subscription())
        invite = access.artifact("invite")
        assert invite is not None
        return invite.content

    def subscription(self) -> int:
        return int(self.kiosk.scalar("SELECT subscription_id FROM access_grants"))

    def ask(self, link: str | None = None) -> provisioning.channels.JoinRequested:
        """At Telegram; Kiosk does not hear of it."""
        self.kiosk.post(f"/telegram/chat/api/users/{self.anna.telegram_id}/join", link=link or self.link())
        return self.request(self.anna)

    def request(self, who: Person) -> provisioning.channels.JoinRequested:
        return provisioning.channels.JoinRequested(
            chat_id=self.chat,
            title="The club",
            telegram_id=who.telegram_id,
            user_chat_id=who.telegram_id,
            language_code="ru",
            ours=True,
            asked_at=self.kiosk.now.replace(microsecond=0),
            update_id=next(self.updates),
        )

    def answer(self, request: provisioning.channels.JoinRequested) -> None:
        answer_request(self.kiosk.kit.db, self.adapter._api, request, self.kiosk.now)

    def come_in(self) -> None:
        self.answer(self.ask())
        assert self.status() == "member"

    def change(self, was_in: bool, is_in: bool, *, by_us: bool, seconds: int = 0, **more: Any) -> None:
        """One chat_member update about Anna, `seconds` from now."""
        what = provisioning.channels.MemberChange(
            chat_id=self.chat,
            telegram_id=self.anna.telegram_id,
            was_in=was_in,
            is_in=is_in,
            status=more.get("status", "member" if is_in else "left"),
            by_us=by_us,
            at=self.kiosk.now.replace(microsecond=0) + timedelta(seconds=seconds),
            update_id=more.get("update_id") or next(self.updates),
        )
        with self.kiosk.kit.db.begin() as tx:
            provisioning.channels.note_member(tx, what)

    def put(self, status: str, user: int | None = None, **state: Any) -> None:
        """The owner's hand."""
        who = user or self.anna.telegram_id
        self.kiosk.post(f"/telegram/chat/api/channels/{self.chat}/members/{who}", status=status, **state)

    def chat_now(self) -> dict[str, Any]:
        chats = self.kiosk.http.get("/telegram/chat/api/channels").json()
        return next(one for one in chats if one["id"] == self.chat)

    def status(self) -> str:
        members = {one["user"]["id"]: one["status"] for one in self.chat_now()["members"]}
        return members.get(self.anna.telegram_id, "left")

    def links(self) -> list[str]:
        """Those that work."""
        return [link["invite_link"] for link in self.chat_now()["links"] if not link["is_revoked"]]

    def fault(self, mode: str, method: str, **more: Any) -> None:
        self.kiosk.post("/telegram/faults", mode=mode, method=method, **more)

    def calls(self, method: str) -> int:
        found = self.kiosk.http.get("/telegram/log").json()
        return sum(one["method"] == method and one["args"].get("chat_id") == self.chat for one in found)

    def roster(self) -> dict[str, Any]:
        row = f"telegram_id = {self.anna.telegram_id}"
        with self.kiosk.kit.db.begin() as tx:
            assert identity.find_user(tx, self.anna.telegram_id)
        names = ("status", "is_in", "by_us", "grant_id")
        return {name: self.kiosk.scalar(f"SELECT {name} FROM channel_members WHERE {row}") for name in names}
