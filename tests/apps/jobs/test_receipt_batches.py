"""Many pictures at once are read one after the other, and hold back nobody else's work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime

import pytest
import redis as redis_client
from sqlalchemy import text

from apps.clock.relay import pump
from apps.jobs.main import start
from apps.sandbox.stack import Stack
from apps.transport import make_broker
from services import receipts
from services.identity import Party
from services.kit import Kit
from services.platform import outbox
from services.platform.db import Database
from services.platform.storage import Storage
from services.receipts import Reading, Upload
from services.receipts.ocr.errors import ReaderBusy
from services.receipts.ocr.process import Reader
from tests.factories import database_url, kit, make_paid_invoice, make_tariff, make_user
from tests.services.receipts.desk import WrittenReader, bought, picture
from tests.world import World

BATCH = 30
HURRY = "UPDATE outbox_deliveries SET due_at = now() - interval '1 second' WHERE done_at IS NULL AND queue = 'ocr'"
UNREAD = "outbox_deliveries WHERE reaction = 'receipts.recognise' AND done_at IS NULL"


class HeldReader(Reader):
    """The real one's manners; what it reads is written in the picture, and the first takes until `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go, self.written = threading.Event(), threading.Event(), WrittenReader()
        self.turned_away: list[ReaderBusy] = []

    def read(self, picture: bytes, *, today: date) -> Reading:
        try:
            return super().read(picture, today=today)
        except ReaderBusy as busy:
            self.turned_away.append(busy)
            raise

    def _read(self, picture: bytes, today: date) -> Reading:
        self.begun.set()
        assert self.go.wait(30)
        return self.written.read(picture, today=today)


@pytest.fixture
def jobs(db: Database, stack: Stack, redis: redis_client.Redis, world: World) -> Iterator[Kit]:
    redis.flushall()
    storage = Storage(
        endpoint=f"{world.url}/storage",
        bucket="kiosk",
        access_key="sandbox",
        secret_key="sandbox-secret",
        region="us-east-1",
    )
    with kit(database_url(db), stack.redis_url, JOB_THREADS="2") as made:
        yield replace(made, storage=storage, reader=HeldReader())


def count(db: Database, what: str) -> int:
    with db.begin() as tx:
        return int(tx.scalar(text(f"SELECT count(*) FROM {what}")) or 0)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_a_batch_of_receipts_holds_back_no_other_reaction(jobs: Kit, db: Database, now: datetime) -> None:
    """Of two threads one reads; the other finds 29 times that it would have to wait, and does not."""
    reader = jobs.reader
    assert isinstance(reader, HeldReader)
    for number in range(BATCH):
        sent = picture(bought(now, key=f"ua:1:{number}:x"))
        receipts.submit(db, jobs.storage, Upload(Party("user", 1000 + number), sent), now)
    broker = make_broker(jobs.settings)
    pump(db, broker)
    worker = start(jobs, ["ocr", "default"])
    try:
        wait_until(reader.begun.is_set)
        with db.begin() as tx:
            make_tariff(tx, now)
            outbox.emit(tx, make_paid_invoice(tx, now, make_user(tx, now).party), now)
        pump(db, broker)
        wait_until(lambda: count(db, "subscription_changes") == 1)
        wait_until(lambda: len(reader.turned_away) == BATCH - 1)
        assert count(db, UNREAD) == BATCH
        assert count(db, "receipts WHERE state = 'received'") == BATCH
        reader.go.set()

        def all_read() -> bool:
            with db.begin() as tx:
                tx.execute(text(HURRY))
            pump(db, broker)
            return count(db, UNREAD) == 0

        wait_until(all_read)
    finally:
        reader.go.set()
        worker.stop(5000)
        worker.broker.close()
        broker.close()
    assert count(db, "outbox_events WHERE name = 'receipts.recognised'") == BATCH
    assert count(db, "receipts WHERE state = 'read' AND attempts = 0 AND tier = 'B'") == BATCH
    assert count(db, "outbox_deliveries WHERE reaction = 'receipts.recognise' AND failures > 0") == 0
