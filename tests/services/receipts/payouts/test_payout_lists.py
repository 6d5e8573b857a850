"""The list that is paid by hand: out once, back whole or not at all."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from services.receipts import payouts
from services.receipts.errors import NotReversible
from services.receipts.payouts import BadResults, Imported
from services.receipts.payouts.errors import PayoutDecided
from tests.services.receipts.payouts.till import CIPHER, PHONE, Within, accepted, balances, events, pay, row, wired


def waiting(tx: Session, now: datetime, count: int = 1) -> list[int]:
    ids = [accepted(tx, now, "manual") for _ in range(count)]
    for payout_id in ids:
        pay(Within(tx), payout_id, now, wired())
    return ids


def export(tx: Session, now: datetime, *, again: bool = False) -> list[dict[str, str]]:
    text, count = payouts.export_list(tx, CIPHER, actor="operator:1", now=now, again=again)
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == count
    return lines


def results(tx: Session, now: datetime, text: str) -> Imported:
    return payouts.import_results(tx, text.encode(), actor="operator:1", now=now)


def faults(tx: Session, now: datetime, text: str | bytes) -> list[str]:
    with pytest.raises(BadResults) as caught:
        payouts.import_results(tx, text if isinstance(text, bytes) else text.encode(), actor="operator:1", now=now)
    return caught.value.faults


def test_each_is_exported_once_unless_it_is_asked_for_again(tx: Session, now: datetime) -> None:
    first, second = waiting(tx, now, 2)
    accepted(tx, now, "balance")
    assert export(tx, now) == [
        {"id": str(one), "phone": PHONE, "amount": "5.00", "currency": "UAH"} for one in (first, second)
    ]
    assert export(tx, now) == []
    (third,) = waiting(tx, now)
    assert [line["id"] for line in export(tx, now)] == [str(third)]
    assert len(export(tx, now, again=True)) == 3


def test_results_are_noted_once(tx: Session, now: datetime) -> None:
    paid, not_paid = waiting(tx, now, 2)
    text = f"id,phone,result\r\n{paid},x,paid\r\n{not_paid},x,FAILED\r\n"
    assert results(tx, now, "\ufeff" + text) == Imported(1, 1, 0)
    assert results(tx, now, text) == Imported(0, 0, 2)
    assert [row(tx, one).state for one in (paid, not_paid)] == ["succeeded", "failed"]
    assert balances(tx, row(tx, paid).party) == {"cashback:autumn": 500, "clearing:manual": -500}
    assert (events(tx, "payout_succeeded"), events(tx, "payout_failed")) == (1, 1)
    assert payouts.check_payouts(tx) == []


def test_every_fault_is_told_and_nothing_is_imported(tx: Session, now: datetime) -> None:
    good, done = waiting(tx, now, 2)
    other = accepted(tx, now)
    results(tx, now, f"id,result\n{done},failed\n")
    told = faults(
        tx,
        now,
        f"id,result\n{good},paid\nx,paid\n{good},failed\n{done},paid\n{other},paid\n999999999,paid\n{good},maybe\n-1,paid\n",
    )
    assert told == [
        "line 3: id is not a number",
        f"line 4: {good} is there twice, and differently",
        "line 8: result is neither paid nor failed",
        "line 9: id is not a number",
        f"{done}: it is failed already",
        f"{other}: there is no such payout by hand",
        "999999999: there is no such payout by hand",
    ]
    assert (row(tx, good).state, events(tx, "payout_succeeded")) == ("waiting", 0)


@pytest.mark.parametrize(
    "content", [b"", b"id\n1\n", b"\xff\xfe", b"id,result\n", b'id,result\n1,"paid', b"PK\x03\x04"]
)
def test_another_file_is_refused(tx: Session, now: datetime, content: bytes) -> None:
    assert faults(tx, now, content)


def test_what_somebody_may_be_paying_is_not_sent_elsewhere(tx: Session, now: datetime) -> None:
    (payout_id,) = waiting(tx, now)
    export(tx, now)
    for outcome in ("cancel", "to_balance"):
        with pytest.raises(PayoutDecided):
            payouts.decide_payout(tx, CIPHER, payout_id, outcome, actor="operator:1", reason="x", now=now)  # type: ignore[arg-type]  # a word of the list above
    with pytest.raises(NotReversible):
        payouts.reverse_payout(tx, row(tx, payout_id).receipt_id, actor="operator:1", reason="fraud", now=now)
    assert row(tx, payout_id).state == "waiting"
