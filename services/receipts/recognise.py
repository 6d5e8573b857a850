"""A stored picture is read, once, by whoever can read."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from services.platform.db import Database
from services.platform.errors import Invalid, Misconfigured, TryLater
from services.platform.outbox import emit
from services.platform.storage import NoSuchFile, Storage
from services.receipts.duplicates import CERTAIN, find_double
from services.receipts.events import ReceiptRecognised, ReceiptSubmitted
from services.receipts.facts import Reading
from services.receipts.ocr.registers.base import Register, confirm
from services.receipts.rows import locked, move, note, reject

ATTEMPTS = 3  # a picture that made the reader fail so often goes to a person


class Reader(Protocol):
    """Reads a picture in a process of its own. Raises an Invalid with a `reason` for what is no picture; TryLater when
    the process died or took too long, and with `after` while it is busy with others: no thread waits for its turn."""

    def read(self, picture: bytes, *, today: date) -> Reading: ...

    def close(self) -> None: ...


def recognise(
    db: Database,
    event: ReceiptSubmitted,
    now: datetime,
    storage: Storage | None,
    reader: Reader,
    time_zone: str,
    register: Register | None = None,
) -> None:
    """Reads the picture, asks the register if there is one, and keeps what they say. Repeating it changes nothing.
    Raises TryLater while it may still succeed, and what the storage raises."""
    if storage is None:
        raise Misconfigured("receipts need STORAGE_*")
    with db.begin() as tx:
        row = locked(tx, event.receipt_id)
        if row.state != "received" or row.picture_key is None:
            return
        key = row.picture_key
    today = now.astimezone(ZoneInfo(time_zone)).date()
    try:
        picture = storage.get(key)
    except NoSuchFile:
        _keep(db, event.receipt_id, Reading("D", ("unreadable",)), now)
        return
    try:
        reading = reader.read(picture, today=today)
    except Invalid as error:
        _refuse(db, event.receipt_id, str(getattr(error, "reason", error.code)), now)
        return
    except TryLater as error:
        if error.after is not None or _failed(db, event.receipt_id) < ATTEMPTS:
            raise
        reading = Reading("D", ("engine_failed",))
    _keep(db, event.receipt_id, confirm(reading, register), now)


def _failed(db: Database, receipt_id: int) -> int:
    """Counts that the reader died or took too long; with how many times that makes."""
    with db.begin() as tx:
        row = locked(tx, receipt_id)
        row.attempts += 1
        return row.attempts


def _refuse(db: Database, receipt_id: int, reason: str, now: datetime) -> None:
    with db.begin() as tx:
        row = locked(tx, receipt_id)
        if row.state == "received":
            reject(tx, row, reason, now)


def _keep(db: Database, receipt_id: int, reading: Reading, now: datetime) -> None:
    with db.begin() as tx:
        row = locked(tx, receipt_id)
        if row.state != "received":
            return
        double = find_double(tx, row, reading)
        if double and double not in CERTAIN:
            reading = dataclasses.replace(reading, tier="D", reasons=(*reading.reasons, double))
        row.reading = reading.as_json()
        note(row, reading)
        if double in CERTAIN:
            reject(tx, row, double, now)
            return
        move(row, "read", now)
        emit(tx, ReceiptRecognised(receipt_id=row.id), now)
