"""A private chat that is sold: its owner, who comes and goes, and what the bot makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from services import subscriptions
from tests.apps.bot.storefront import Storefront, Visitor, buttons

BOT = 42
TARIFF = """
[[good]]
name = "{name}"
kind = "channel"
title = {{ru = "Клуб", uk = "Клуб", en = "The club"}}
chat = {chat}

[[tariff]]
slug = "{name}-1m"
product = "{name}"
name = {{ru = "Клуб", uk = "Клуб", en = "Club"}}
description = {{ru = "Клуб", uk = "Клуб", en = "Club"}}
prices = {{RUB = "100.00"}}
period = {{days = 30}}
access = ["{name}"]
"""


class Club:
    def __init__(self, shop: Storefront, kind: str = "channel", title: str = "The club") -> None:
        self.shop, self.kiosk = shop, shop.kiosk
        self.owner: int = self.kiosk.post("/telegram/chat/api/users", first_name="Olena")["id"]
        body = {"title": title, "owner": self.owner, "type": kind}
        self.id: int = self.kiosk.post("/telegram/chat/api/channels", **body)["id"]
        self.sell("club")

    def sell(self, name: str) -> None:
        self.shop.import_tariffs(TARIFF.format(name=name, chat=self.id))

    def settle(self) -> None:
        """Until updates and their consequences are dealt with."""
        for _ in range(4):
            self.shop.serve()
            self.kiosk.drain()

    def buy(self, visitor: Visitor, tariff: str = "club-1m") -> int:
        """Returns the payment's id."""
        checkout = self.kiosk.buy(visitor.person(), tariff)
        self.settle()
        return checkout.payment_id

    def link(self, visitor: Visitor) -> str:
        """Of the newest invitation."""
        urls = [b["url"] for m in visitor.messages() for b in buttons(m) if "/+" in b.get("url", "")]
        return urls[-1]

    def ask(self, visitor: Visitor, link: str) -> str | None:
        """Opens a link and asks to join. Why not, if Telegram does not let them ask."""
        where = f"/telegram/chat/api/users/{visitor.id}/join"
        answer = self.kiosk.http.post(where, json={"link": link})
        self.settle()
        return None if answer.status_code == 200 else str(answer.json()["error"])

    def leave(self, visitor: Visitor) -> None:
        self.kiosk.post(f"/telegram/chat/api/users/{visitor.id}/leave", channel=self.id)
        self.settle()

    def owner_puts(self, user: int, **state: Any) -> None:
        self.kiosk.post(f"/telegram/chat/api/channels/{self.id}/members/{user}", **state)
        self.settle()

    def shown(self) -> dict[str, Any]:
        chats = self.kiosk.http.get("/telegram/chat/api/channels").json()
        return next(chat for chat in chats if chat["id"] == self.id)

    def status(self, visitor: Visitor | int) -> str:
        user = visitor if isinstance(visitor, int) else visitor.id
        found = [member["status"] for member in self.shown()["members"] if member["user"]["id"] == user]
        return found[0] if found else "left"

    def live_links(self) -> list[str]:
        return [link["invite_link"] for link in self.shown()["links"] if not link["is_revoked"]]

    def pass_days(self, days: float) -> None:
        self.kiosk.pass_time(timedelta(days=days), step=timedelta(days=8))
        self.settle()

    def repair(self) -> None:
        """What happens every ten minutes."""
        self.kiosk.world.offset.move(601)
        self.kiosk.tick()
        self.settle()

    def subscription(self, visitor: Visitor) -> subscriptions.Subscription:
        with self.kiosk.kit.db.begin() as tx:
            return subscriptions.subscriptions_of(tx, visitor.person().party)[0]

    def calls(self, method: str, after: int = 0) -> list[dict[str, Any]]:
        return [c for c in self.shop.calls(after) if c["method"] == method and c["args"].get("chat_id") == self.id]

    def texts(self, visitor: Visitor) -> list[str]:
        return [message.get("text", "") for message in visitor.messages()]


@contextmanager
def operator(shop: Storefront) -> Iterator[Visitor]:
    """Somebody who is told what goes wrong."""
    visitor = shop.visitor(first_name="Operator")
    visitor.say("/start")
    kit = shop.kiosk.kit
    before = kit.settings
    object.__setattr__(kit, "settings", before.model_copy(update={"telegram_admin_ids": (visitor.id,)}))
    yield visitor
    object.__setattr__(kit, "settings", before)
