"""A picture comes in: kept once, whoever sends it and whatever breaks."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from services import receipts
from services.identity import Party
from services.platform.errors import Misconfigured, TryLater
from services.platform.storage import Storage
from services.receipts.rows import locked, reject
from tests.factories import at_once
from tests.services.receipts.desk import Desk, bought, picture


def test_a_picture_is_kept_and_announced_once(desk: Desk) -> None:
    content = picture()
    sent = desk.send(content, file_id="AQAD1", message_id=77)
    assert (sent.state, sent.message_id, sent.is_open) == ("received", 77, True)
    assert sent.picture_key is not None
    assert desk.storage.get(sent.picture_key) == content
    assert desk.events(receipts.ReceiptSubmitted) == 1


@pytest.mark.parametrize("same", ["bytes", "file_id"])
@pytest.mark.parametrize("person", [1, 2])
def test_the_same_file_again_earns_nothing(desk: Desk, same: str, person: int) -> None:
    first = picture()
    desk.send(first, file_id="AQAD1")
    again = desk.send(
        first if same == "bytes" else picture(), person, file_id="AQAD1" if same == "file_id" else "AQAD2"
    )
    assert (again.state, again.reason, again.picture_key) == ("rejected", "duplicate_file", None)
    assert desk.events(receipts.ReceiptSubmitted) == 1
    assert desk.events(receipts.ReceiptRejected) == 1


def test_twenty_at_once_from_five_people_are_one_receipt(desk: Desk) -> None:
    content = picture()
    sent = at_once(20, lambda number: desk.send(content, person=1 + number % 5, file_id="AQAD1"))
    assert len({one.id for one in sent if one.state == "received"}) == 1
    assert {one.reason for one in sent if one.state == "rejected"} == {"duplicate_file"}
    assert desk.events(receipts.ReceiptSubmitted) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff" + b"x" * 10_000_000, "too_large"),
        (b"MZ\x90\x00", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (b"GIF89a" + b"\0" * 20, "not_a_picture"),
        (b"\x00\x00\x00\x18ftypisom", "not_a_picture"),
    ],
)
def test_what_is_no_picture_is_refused_and_leaves_nothing(desk: Desk, content: bytes, reason: str) -> None:
    with pytest.raises(receipts.BadPicture) as refused:
        desk.send(content)
    assert refused.value.reason == reason
    with desk.db.begin() as tx:
        assert receipts.history(tx, Party("user", 1)) == []


@pytest.mark.parametrize(
    "start", [b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBP", b"\0\0\0\x18ftypheic", b"\0\0\0\x18ftypmif1", b"%PDF-1.7"]
)
def test_every_kind_of_picture_is_taken(desk: Desk, start: bytes) -> None:
    assert desk.send(start + picture()).state == "received"


def test_five_a_minute_and_thirty_a_day(desk: Desk) -> None:
    for _ in range(5):
        desk.send(picture())
    with pytest.raises(receipts.TooManyReceipts) as refused:
        desk.send(picture())
    assert refused.value.after == 60
    assert desk.send(picture(), person=2).state == "received", "others are not held up"
    for _ in range(5):
        desk.pass_time(timedelta(minutes=1))
        for _ in range(5):
            desk.send(picture())
    desk.pass_time(timedelta(minutes=1))
    with pytest.raises(receipts.TooManyReceipts) as refused:
        desk.send(picture())
    assert refused.value.after == (timedelta(days=1) - timedelta(minutes=6)).total_seconds()


def test_the_pace_holds_for_all_at_once(desk: Desk) -> None:
    def send(_: int) -> str:
        try:
            return desk.send(picture()).state
        except receipts.TooManyReceipts:
            return "refused"

    assert sorted(at_once(8, send)) == ["received"] * 5 + ["refused"] * 3


class Broken(Storage):
    """Fails as often as it is told, then works."""

    times: Any

    def put(self, *arguments: Any) -> None:
        if next(self.times, None) is not None:
            raise TryLater("storage: put_object: 503")
        super().put(*arguments)


def test_a_storage_that_broke_is_tried_again_by_the_same_person(desk: Desk) -> None:
    desk.storage.__class__ = Broken
    desk.storage.times = itertools.repeat(1, 1)  # type: ignore[attr-defined]
    content = picture()
    with pytest.raises(TryLater):
        desk.send(content, message_id=1)
    assert desk.send(content, person=2).reason == "duplicate_file"
    again = desk.send(content, message_id=2)
    assert (again.state, again.message_id) == ("received", 2)
    assert desk.events(receipts.ReceiptSubmitted) == 1
    with desk.db.begin() as tx:
        assert [one.id for one in receipts.history(tx, again.party)] == [again.id], "one receipt, not two"


def test_what_broke_off_is_found_by_the_name_of_the_file_alone(desk: Desk) -> None:
    desk.storage.__class__ = Broken
    desk.storage.times = itertools.repeat(1, 1)  # type: ignore[attr-defined]
    with pytest.raises(TryLater):
        desk.send(picture(), file_id="AQAD1")
    assert desk.send(picture(), file_id="AQAD1").state == "received"
    assert desk.events(receipts.ReceiptSubmitted) == 1


def test_what_never_arrived_may_be_sent_by_anybody_after_an_hour(desk: Desk) -> None:
    desk.storage.__class__ = Broken
    desk.storage.times = itertools.repeat(1, 1)  # type: ignore[attr-defined]
    content = picture()
    with pytest.raises(TryLater):
        desk.send(content)
    for late, given_up in ((timedelta(minutes=59), 0), (timedelta(minutes=1), 1)):
        desk.pass_time(late)
        with desk.db.begin() as tx:
            assert receipts.abandon(tx, desk.now) == given_up
    assert desk.send(content, person=2).state == "received"


def test_without_a_storage_nothing_is_taken(desk: Desk) -> None:
    with pytest.raises(Misconfigured):
        receipts.submit(desk.db, None, receipts.Upload(Party("user", 1), picture()), desk.now)


def test_what_was_rejected_may_be_sent_again(desk: Desk) -> None:
    content = picture(bought(desk.now))
    first = desk.send(content)
    with desk.db.begin() as tx:
        reject(tx, locked(tx, first.id), "limit_user_day", desk.now)
    assert desk.send(content).state == "received"
