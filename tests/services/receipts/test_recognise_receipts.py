"""A picture is read once, and a receipt that was sent before is found, whatever its new picture looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services import receipts
from services.platform.errors import Invalid, TryLater
from services.receipts import Reading
from services.receipts.duplicates import LIKE_PICTURE, SAME_PICTURE
from services.receipts.rows import locked, reject
from tests.factories import at_once
from tests.services.receipts.desk import Desk, bought, died, picture

HASH = "a5" * 32


def changed(bits: int) -> str:
    """HASH with so many bits turned over."""
    return f"{int(HASH, 16) ^ ((1 << bits) - 1):064x}"


def test_it_is_read_once_and_what_it_says_is_kept(desk: Desk) -> None:
    reading = bought(desk.now, key="ua:4000000001:17:2026-11-21")
    sent = desk.send(picture(reading))
    assert desk.read(sent.id).state == "read"
    known = desk.read(sent.id)
    assert (known.state, known.reading, desk.reader.count) == ("read", reading, 1)
    assert desk.events(receipts.ReceiptRecognised) == 1


def test_the_day_is_that_of_the_shop(desk: Desk) -> None:
    seen: list[date] = []
    written = desk.reader.read
    desk.reader.read = lambda picture, *, today: (seen.append(today), written(picture, today=today))[1]  # type: ignore[method-assign]
    desk.pass_time(timedelta(hours=10, minutes=30))  # 22:30 in UTC
    desk.sent_and_read(bought(desk.now))
    assert seen == [date(2026, 11, 22)]


def test_a_reader_that_dies_costs_one_receipt_and_not_at_once(desk: Desk) -> None:
    sent = desk.send(picture(bought(desk.now)))
    desk.reader.fails = died
    for _ in range(2):
        with pytest.raises(TryLater):
            desk.read(sent.id)
        assert desk.look(sent.id).state == "received"
    given_up = desk.read(sent.id)
    assert given_up.reading is not None
    assert (given_up.state, given_up.reading.tier, given_up.reading.reasons) == ("read", "D", ("engine_failed",))
    desk.reader.fails = lambda: None
    assert desk.sent_and_read(bought(desk.now, total="7.00")).state == "read"


def test_a_busy_reader_does_not_count_as_a_failure(desk: Desk) -> None:
    def busy() -> None:
        raise TryLater("busy", after=1)

    sent = desk.send(picture(bought(desk.now)))
    desk.reader.fails = busy
    for _ in range(5):
        with pytest.raises(TryLater):
            desk.read(sent.id)
    desk.reader.fails = lambda: None
    assert desk.read(sent.id).reading == bought(desk.now)


def test_it_recovers_where_it_died_once(desk: Desk) -> None:
    sent = desk.send(picture(bought(desk.now)))
    desk.reader.fails = died
    with pytest.raises(TryLater):
        desk.read(sent.id)
    desk.reader.fails = lambda: None
    assert desk.read(sent.id).reading == bought(desk.now)


def test_what_cannot_be_opened_is_rejected_with_its_reason(desk: Desk) -> None:
    class Refused(Invalid):
        reason = "too_many_pixels"

    def refuse() -> None:
        raise Refused

    desk.reader.fails = refuse
    assert desk.sent_and_read(None).reason == "too_many_pixels"


def test_a_picture_that_was_lost_goes_to_a_person(desk: Desk) -> None:
    sent = desk.send(picture(bought(desk.now)))
    desk.storage.delete(sent.picture_key or "")
    known = desk.read(sent.id)
    assert known.reading is not None
    assert (known.state, known.reading.tier) == ("read", "D")


Change = Callable[[Reading], Reading]
SAME: dict[str, tuple[Change, Change]] = {
    "fiscal code": (lambda r: r, lambda r: replace(r, total=None, date=None, merchant=None)),
    "shop, day, minute and sum": (lambda r: replace(r, code=None), lambda r: replace(r, code=None)),
    "a code in one picture only": (lambda r: r, lambda r: replace(r, code=None)),
    "misread name of the shop": (
        lambda r: replace(r, code=None, merchant="ТОВ Аптека Доброго Дня"),
        lambda r: replace(r, code=None, merchant="ТОВ Аnтека Доброго Дня."),
    ),
    "number of the cash register": (
        lambda r: replace(r, code=None, merchant="Аптека", fiscal_number="4000000001"),
        lambda r: replace(r, code=None, merchant=None, fiscal_number="4000000001"),
    ),
    "the picture": (
        lambda r: replace(r, code=None, picture_hash=HASH),
        lambda r: replace(r, code=None, total=None, picture_hash=changed(SAME_PICTURE)),
    ),
}
ALIKE: dict[str, tuple[Change, Change]] = {
    "another shop at that minute": (
        lambda r: replace(r, code=None, merchant="Аптека"),
        lambda r: replace(r, code=None, merchant="Будинок іграшок"),
    ),
    "no time in one of them": (lambda r: replace(r, code=None), lambda r: replace(r, code=None, time=None)),
    "a picture that looks alike": (
        lambda r: replace(r, code=None, picture_hash=HASH),
        lambda r: replace(r, code=None, total=None, picture_hash=changed(LIKE_PICTURE)),
    ),
}
OTHER: dict[str, tuple[Change, Change]] = {
    "another minute": (
        lambda r: replace(r, code=None),
        lambda r: replace(r, code=None, time=r.time and r.time.replace(minute=59)),
    ),
    "another sum": (lambda r: replace(r, code=None), lambda r: replace(r, code=None, total=r.total and r.total + 1)),
    "codes of their own": (
        lambda r: replace(r, picture_hash=HASH),
        lambda r: replace(r, code=r.code and replace(r.code, key="ua:other"), picture_hash=HASH),
    ),
    "another picture": (
        lambda r: replace(r, code=None, picture_hash=HASH),
        lambda r: replace(r, code=None, total=None, picture_hash=changed(LIKE_PICTURE + 1)),
    ),
}


@pytest.mark.parametrize("person", [1, 2])
@pytest.mark.parametrize("what", SAME)
def test_the_same_receipt_is_found(desk: Desk, what: str, person: int) -> None:
    reading = bought(desk.now, key="ua:1")
    first, second = (change(reading) for change in SAME[what])
    assert desk.sent_and_read(first).state == "read"
    again = desk.sent_and_read(second, person)
    expected = "duplicate_picture" if what == "the picture" else "duplicate_receipt"
    assert (again.state, again.reason) == ("rejected", expected)


@pytest.mark.parametrize("what", ALIKE)
def test_what_only_looks_the_same_goes_to_a_person(desk: Desk, what: str) -> None:
    first, second = (change(bought(desk.now, key="ua:1")) for change in ALIKE[what])
    desk.sent_and_read(first)
    again = desk.sent_and_read(second, 2)
    assert again.state == "read"
    assert again.reading is not None
    assert again.reading.tier == "D"
    expected = "similar_picture" if "picture" in what else "looks_like_another"
    assert again.reading.reasons == (expected,)


def test_one_that_only_looks_alike_does_not_hide_the_same_one(desk: Desk) -> None:
    for merchant, number in (("Будинок іграшок", "4000000002"), ("Аптека", "4000000001")):
        desk.sent_and_read(bought(desk.now, merchant=merchant, fiscal_number=number))
    again = desk.sent_and_read(bought(desk.now, merchant="Аптека", fiscal_number="4000000001"), 3)
    assert (again.state, again.reason) == ("rejected", "duplicate_receipt")


@pytest.mark.parametrize("what", OTHER)
def test_another_receipt_is_another(desk: Desk, what: str) -> None:
    first, second = (change(bought(desk.now, key="ua:1")) for change in OTHER[what])
    desk.sent_and_read(first)
    again = desk.sent_and_read(second)
    assert again.state == "read"
    assert again.reading == second


def test_twenty_pictures_of_one_receipt_at_once_are_one(desk: Desk) -> None:
    def send(number: int) -> str:
        key = "ua:1" if number % 2 else None  # every second picture's code cannot be read
        return desk.sent_and_read(bought(desk.now, key=key), person=1 + number).state

    assert sorted(at_once(20, send)) == ["read"] + ["rejected"] * 19


def test_what_was_rejected_stands_in_nobodys_way(desk: Desk) -> None:
    first = desk.sent_and_read(bought(desk.now, key="ua:1"))
    with desk.db.begin() as tx:
        reject(tx, locked(tx, first.id), "limit_user_day", desk.now)
    assert desk.sent_and_read(bought(desk.now, key="ua:1"), 2).state == "read"


def test_after_fraud_nobody_may_send_it_again(desk: Desk) -> None:
    first = desk.sent_and_read(bought(desk.now, key="ua:1"))
    with desk.db.begin() as tx:
        reject(tx, locked(tx, first.id), "fraud", desk.now)
    assert desk.sent_and_read(bought(desk.now, key="ua:1"), 2).reason == "duplicate_receipt"


def test_a_reading_survives_being_stored(desk: Desk) -> None:
    reading: Any = replace(bought(desk.now, key="ua:1"), confidence={"total": 90}, seconds={"ocr": 1.5}, passes=2)
    assert Reading.from_json(reading.as_json()) == reading
    assert Reading.from_json({"tier": "D", "unknown": 1, "lines": []}) == Reading("D")
