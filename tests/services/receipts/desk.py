"""People who send receipts, and a reader that finds its answer written in the picture itself."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from services import receipts
from services.identity import Party
from services.platform import outbox
from services.platform.db import Database
from services.platform.errors import TryLater
from services.platform.storage import Storage
from services.receipts import FiscalCode, Reading, Receipt, Upload

ZONE = "Europe/Kyiv"
_numbers = itertools.count(1)


def picture(reading: Reading | None = None, *, again: int | None = None) -> bytes:
    """A JPEG by its first bytes, in which the reader finds `reading`; each is another file unless `again` is given."""
    number = next(_numbers) if again is None else again
    return b"\xff\xd8\xff" + json.dumps({"reading": reading and reading.as_json(), "number": number}).encode()


def bought(now: datetime, *, key: str | None = None, total: str = "100.00", **more: Any) -> Reading:
    """A receipt of an hour ago, confirmed by print; with a fiscal code of `key` if one is given."""
    at = now - timedelta(hours=1)
    code = FiscalCode(key, "UA", "4000000001", "17", Decimal(total), at.date(), at.time()) if key else None
    values: dict[str, Any] = {
        "tier": "B" if key else "C",
        "merchant": "Аптека",
        "date": at.date(),
        "time": time(at.hour, at.minute),
        "total": Decimal(total),
        "currency": "UAH",
        "country": "UA",
        "code": code,
        "texts": ("Цитрамон-Дарниця 50.00",),
        "lines": (receipts.ReadLine("Цитрамон-Дарниця", Decimal(1), Decimal(50), Decimal("50.00"), 90),),
    }
    return Reading(**(values | more))


class WrittenReader:
    """The Reader's stand-in. `fails` is called before each reading and may raise."""

    def __init__(self) -> None:
        self.fails: Callable[[], None] = lambda: None
        self.count = 0

    def read(self, picture: bytes, *, today: date) -> Reading:
        self.count += 1
        self.fails()
        found = json.loads(picture[3:])["reading"]
        return Reading.from_json(found) if found else Reading("D", ("unreadable",))

    def close(self) -> None:
        pass


def died() -> None:
    raise TryLater("the reader died")


@dataclass
class Desk:
    db: Database
    storage: Storage
    now: datetime
    reader: WrittenReader = field(default_factory=WrittenReader)

    def send(self, content: bytes, person: int = 1, **more: Any) -> Receipt:
        return receipts.submit(self.db, self.storage, Upload(Party("user", person), content, **more), self.now)

    def read(self, receipt_id: int) -> Receipt:
        event = receipts.ReceiptSubmitted(receipt_id=receipt_id)
        receipts.recognise(self.db, event, self.now, self.storage, self.reader, ZONE)
        return self.look(receipt_id)

    def sent_and_read(self, reading: Reading | None, person: int = 1) -> Receipt:
        return self.read(self.send(picture(reading), person).id)

    def look(self, receipt_id: int) -> Receipt:
        with self.db.begin() as tx:
            return receipts.any_receipt(tx, receipt_id)

    def events(self, kind: type[outbox.Event]) -> int:
        with self.db.begin() as tx:
            found = tx.scalar(text("SELECT count(*) FROM outbox_events WHERE name = :name"), {"name": kind.name})
            return int(found or 0)

    def pass_time(self, by: timedelta) -> None:
        self.now += by
