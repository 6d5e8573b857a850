"""An operator has a picture read again, and sees what is alike."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from services import receipts
from services.identity import Party
from services.platform.db import Database
from services.receipts import Facts, NotInReview, PictureGone, Reading, Receipt, ReceiptNotFound
from tests.services.receipts.desk import Desk, bought, picture

HASH = "a5" * 32


def into_review(desk: Desk, receipt_id: int) -> None:
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE receipts SET state = 'review' WHERE id = :id"), {"id": receipt_id})


def read_again(db: Database, receipt_id: int, desk: Desk) -> Receipt:
    with db.begin() as tx:
        return receipts.reread(tx, receipt_id, actor="console:anna", now=desk.now)


def test_it_is_read_anew_and_keeps_what_is_its_own(desk: Desk) -> None:
    content = picture(bought(desk.now, key="ua:1:2:3", total="90.00"))
    own = desk.read(desk.send(content).id).id
    into_review(desk, own)
    with desk.db.begin() as tx:
        receipts.correct(tx, own, Facts(merchant="Other"), actor="console:anna", now=desk.now)
        tx.execute(text("UPDATE receipts SET attempts = 3, decision = '{}' WHERE id = :id"), {"id": own})
    again = read_again(desk.db, own, desk)
    assert (again.state, again.decision) == ("received", None)
    assert desk.events(receipts.ReceiptSubmitted) == 2
    twin = desk.send(content, person=2)
    assert twin.reason == "duplicate_file", "its file stays its own"
    done = desk.read(own)
    assert (done.state, done.reading and done.reading.merchant) == ("read", "Аптека")
    other = desk.sent_and_read(bought(desk.now, key="ua:1:2:3", total="90.00"), person=2)
    assert other.reason == "duplicate_receipt", "and so does its code"
    with desk.db.begin() as tx:
        acts = tx.scalars(text("SELECT action FROM audit_log WHERE subject = :own"), {"own": f"receipt:{own}"}).all()
    assert acts == ["receipt.correct", "receipt.reread"]


def test_only_from_review_and_only_what_has_a_picture(desk: Desk) -> None:
    own = desk.sent_and_read(bought(desk.now)).id
    with pytest.raises(NotInReview):
        read_again(desk.db, own, desk)
    with desk.db.begin() as tx:
        facts = Facts(merchant="Аптека", date=desk.now.date(), total=bought(desk.now).total)
        typed = receipts.submit_typed(tx, Party("user", 2), facts, desk.now)
    with pytest.raises(PictureGone):
        read_again(desk.db, typed.id, desk)
    with pytest.raises(ReceiptNotFound):
        read_again(desk.db, 9999, desk)
    assert (desk.look(typed.id).state, desk.events(receipts.ReceiptSubmitted)) == ("review", 1)


def alike(desk: Desk, receipt_id: int) -> list[int]:
    with desk.db.begin() as tx:
        return [one.id for one in receipts.doubles_of(tx, receipt_id)]


def test_what_is_alike_is_shown_whatever_became_of_it(desk: Desk) -> None:
    def read(person: int, reading: Reading) -> int:
        return desk.sent_and_read(reading, person).id

    own = read(1, bought(desk.now, key="ua:1:2:3", total="90.00", picture_hash=HASH))
    code = read(2, bought(desk.now, key="ua:1:2:3", total="91.00"))
    purchase = read(3, bought(desk.now, total="90.00", merchant="Інша"))
    look = read(4, bought(desk.now, total="70.00", picture_hash="a4" * 8 + HASH[16:]))
    read(5, bought(desk.now, total="60.00", picture_hash="5a" * 32))
    assert desk.look(code).reason == "duplicate_receipt"
    assert alike(desk, own) == [code, purchase, look]
    assert alike(desk, look) == [own]
    assert alike(desk, desk.send(picture(), 6).id) == []
    with pytest.raises(ReceiptNotFound):
        alike(desk, 0)
