"""A campaign that pays for receipts, and people who send them in the chat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services import identity, receipts
from services.platform.errors import KioskError
from services.receipts import Reading, Receipt
from tests.apps.bot.storefront import Storefront, Visitor, open_storefront
from tests.services.receipts.desk import WrittenReader, bought, picture
from tests.world import Kiosk

CAMPAIGN = """
[[campaign]]
slug = "{slug}"
starts_at = {since}
ends_at = {until}
time_zone = "Europe/Kyiv"
currency = "UAH"
budget = "{budget}"
countries = ["UA"]
payout = "{payout}"
{more}
bonus = {{type = "fixed", value = "12.50"}}

[campaign.name]
ru = "Цитрамон: гривны за чек"
uk = "Цитрамон: гривні за чек"
en = "Citramon: money for a receipt"

[[campaign.products]]
sku = "D001"
name = "Цитрамон-Дарниця"
aliases = ["Цитрамон-Дарниця", "дарниця"]

[campaign.limits]
count = {{day = 3}}
"""


def run_campaign(
    kiosk: Kiosk, payout: str = "balance", slug: str = "citramon", more: str = "", budget: str = "100.00"
) -> None:
    """Three receipts a day of 12.50 each."""
    since, until = kiosk.now - timedelta(days=20), kiosk.now + timedelta(days=30)
    toml = CAMPAIGN.format(
        slug=slug, payout=payout, more=more, budget=budget, since=since.isoformat(), until=until.isoformat()
    )
    with kiosk.kit.db.begin() as tx:
        receipts.rules.import_campaigns(tx, toml, actor="operator:1", now=kiosk.now)


class Counter:
    """The storefront with a reader that finds its answer in the picture."""

    def __init__(self, shop: Storefront) -> None:
        self.shop, self.kiosk = shop, shop.kiosk

    def run_campaign(self, payout: str = "balance", slug: str = "citramon", more: str = "") -> None:
        run_campaign(self.kiosk, payout, slug, more)

    def stop_campaign(self, slug: str = "citramon") -> None:
        with self.kiosk.kit.db.begin() as tx:
            receipts.rules.set_state(tx, slug, "stopped", actor="operator:1", now=self.kiosk.now)

    def bought(self, **more: Any) -> Reading:
        """A receipt that earns."""
        values: dict[str, Any] = {"key": f"ua:1:{next(self.kiosk.numbers)}:x", **more}
        return bought(self.kiosk.now, **values)

    def settle(self) -> None:
        """Until updates and their consequences are dealt with."""
        for _ in range(2):
            self.shop.serve()
            self.kiosk.drain()

    def look(self, receipt_id: int) -> Receipt:
        with self.kiosk.kit.db.begin() as tx:
            return receipts.any_receipt(tx, receipt_id)

    def newest(self) -> Receipt:
        return self.look(int(self.kiosk.scalar("SELECT max(id) FROM receipts")))

    def phone(self, visitor: Visitor) -> identity.Phone | None:
        with self.kiosk.kit.db.begin() as tx:
            return identity.phone(tx, self.kiosk.kit.cipher, visitor.person().party.id)


def send(
    visitor: Visitor, content: bytes, *, name: str = "receipt.jpg", kind: str = "image/jpeg", as_: str = "document"
) -> dict[str, Any]:
    """Sends a file, and returns what the bot said or changed in answer."""
    before = visitor.chat()["version"]
    visitor.post_file(content, name=name, kind=kind, as_=as_)
    visitor.shop.serve()
    return visitor.last(before)


def send_receipt(counter: Counter, visitor: Visitor, reading: Reading | None = None) -> dict[str, Any]:
    """Sends one, and returns the message that tells how it stands in the end."""
    answer = send(visitor, picture(reading))
    counter.settle()
    return message(visitor, answer["message_id"])


def message(visitor: Visitor, message_id: int) -> dict[str, Any]:
    """As it is now."""
    return next(one for one in visitor.messages() if one["message_id"] == message_id)


def agree(visitor: Visitor) -> dict[str, Any]:
    visitor.say("/receipt")
    visitor.tap("Take part")
    return visitor.tap("Agree")


@contextmanager
def open_counter(kiosk: Kiosk) -> Iterator[Counter]:
    kiosk.kit = replace(kiosk.kit, reader=WrittenReader())
    with open_storefront(kiosk) as shop:
        yield Counter(shop)


class Storageless:
    """A storage that does not answer."""

    def __init__(self, error: KioskError) -> None:
        self.error = error

    def put(self, *_: object) -> None:
        raise self.error
