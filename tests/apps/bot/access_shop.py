"""A shop that sells every kind of access, given by sides in memory that can be broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from services.catalog.good_options import ONE_OF, OPTIONS, REQUIRED
from services.provisioning import Access, Artifact, Capability, Location, access_of
from services.provisioning.provisioners.base import Grant, Held
from services.subscriptions import Subscription, subscriptions_of
from tests.apps.bot.storefront import Storefront, Visitor
from tests.contracts.memory_access import ALL, Elsewhere, MemoryAccess, Thing

GOODS = """
[[good]]
name = "servers"
kind = "remnawave"
title = {ru = "Серверы Европы", uk = "Сервери Європи", en = "Servers of Europe"}

[[good]]
name = "club"
kind = "channel"

[[good]]
name = "program"
kind = "licence"

[[good]]
name = "note"
kind = "text"
"""
TARIFF = """
[[tariff]]
slug = "vpn-1m"
product = "vpn"
name = {{ru = "Всё сразу", uk = "Усе одразу", en = "All at once"}}
description = {{ru = "Всё", uk = "Усе", en = "All"}}
prices = {{RUB = "299.00"}}
period = {{months = 1}}
devices = 3
{limits}
access = [{access}]
"""
SHOWS = {"remnawave": "link", "channel": "invite", "licence": "key", "text": "text", "memory": "link"}


class Shown(MemoryAccess):
    """Shows what people are shown of its kind. `fresh_after_move`: another place has other credentials."""

    fresh_after_move = False

    def locations(self, tx: Session, grant: Grant, now: datetime) -> Sequence[Location]:
        thing = self.elsewhere.things.get(grant.key)
        allowed = [code for code in self._places if not grant.locations or code in grant.locations]
        rooms: dict[str, Any] = {"m3": "little", "m4": "none"}
        here = grant.location or (thing.place if thing else None)
        return [Location(one, NAMES[one], one, rooms.get(one, "plenty"), here == one) for one in allowed]

    def artifact(self, secret: str) -> Artifact:
        match SHOWS[self.kind]:
            case "link":
                return Artifact("link", f"https://sub.example/{secret}")
            case "invite":
                return Artifact("invite", f"https://t.me/+{secret}")
            case "key":
                return Artifact("key", f"KEY-{secret}")
            case _text:
                return Artifact("text", f"Your <word> & number: {secret}")

    def _held(self, thing: Thing, grant: Grant | None = None) -> Held:
        held = super()._held(thing, grant)
        key = f"{held.key}-{thing.place}" if self.fresh_after_move else held.key
        location = NAMES[thing.place] if self.kind in ("remnawave", "memory") else ""
        return replace(held, key=key, location=location, artifacts=(self.artifact(thing.secret),))


NAMES = {"m1": "Berlin", "m2": "Oslo", "m3": "Rome", "m4": "Paris", "m5": "Nice <&>"}


@dataclass
class AccessShop:
    shop: Storefront
    sides: dict[str, Elsewhere]

    def sells(self, *access: str, limits: str = "") -> None:
        names = ", ".join(f'"{name}"' for name in access)
        self.shop.import_tariffs(GOODS + TARIFF.format(access=names, limits=limits))

    def buy(self, visitor: Visitor) -> None:
        self.shop.kiosk.buy(visitor.person())
        self.shop.kiosk.hurry()

    def given(self, visitor: Visitor) -> list[Access]:
        kit = self.shop.kiosk.kit
        with kit.db.begin() as tx:
            party = visitor.person().party
            return access_of(tx, kit.cipher, party, self.subscription(visitor, tx).id)

    def subscription(self, visitor: Visitor, tx: Session | None = None) -> Subscription:
        party = visitor.person().party
        if tx is not None:
            return subscriptions_of(tx, party)[0]
        with self.shop.kiosk.kit.db.begin() as tx:
            return subscriptions_of(tx, party)[0]

    def thing(self, kind: str = "remnawave") -> Thing:
        (only,) = self.sides[kind].things.values()
        return only


def open_access_shop(shop: Storefront, monkeypatch: pytest.MonkeyPatch, capabilities: Capability = ALL) -> AccessShop:
    sides = {}
    for kind in SHOWS:
        monkeypatch.setitem(OPTIONS, kind, {})  # type: ignore[arg-type]
        monkeypatch.setitem(REQUIRED, kind, frozenset())  # type: ignore[arg-type]
        monkeypatch.delitem(ONE_OF, kind, raising=False)  # type: ignore[arg-type]
        sides[kind] = Elsewhere(lambda: shop.kiosk.now)
        has = capabilities if kind in ("remnawave", "memory") else Capability.ROTATE
        side = Shown(sides[kind], kind=kind, places=tuple(NAMES), capabilities=has)
        shop.kiosk.kit.provisioners[kind] = side  # type: ignore[index]
    return AccessShop(shop, sides)
