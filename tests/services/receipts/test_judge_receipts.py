"""From what was read to what it earns: by the rules, or by a person; in either case within limits and budget."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from services import identity, receipts
from services.identity import Party
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.receipts import Facts, Reading, ReadLine, Receipt
from tests.factories import at_once, make_user
from tests.services.receipts.desk import Desk, bought, picture
from tests.services.receipts.rules.made import campaign_toml

CIPHER = Cipher("a secret for tests, long enough")
BOSS = "operator:1"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    begin(desk)
    return desk


def begin(desk: Desk, budget: str = "100.00", limits: str = "", more: str = "") -> None:
    with desk.db.begin() as tx:
        toml = campaign_toml("citramon", budget=budget, limits=limits, more=more)
        receipts.rules.import_campaigns(tx, toml, actor="console:test", now=desk.now)


def judged(desk: Desk, reading: Reading | None, person: int = 1) -> Receipt:
    read = desk.sent_and_read(reading, person)
    with desk.db.begin() as tx:
        receipts.judge(tx, CIPHER, receipts.ReceiptRecognised(receipt_id=read.id), desk.now)
    return desk.look(read.id)


def spent(db: Database) -> int:
    with db.begin() as tx:
        return int(tx.scalar(text("SELECT spent_minor FROM receipt_campaigns")) or 0)


def test_what_is_confirmed_and_promoted_is_accepted_once(desk: Desk) -> None:
    accepted = judged(desk, bought(desk.now, key="ua:1"))
    assert (accepted.state, str(accepted.bonus), accepted.campaign) == ("approved", "1.00", "citramon")
    assert accepted.decision is not None
    assert accepted.decision["matched"][0]["sku"] == "D001"
    with desk.db.begin() as tx:
        receipts.judge(tx, CIPHER, receipts.ReceiptRecognised(receipt_id=accepted.id), desk.now)
    assert desk.events(receipts.ReceiptAccepted) == 1
    assert spent(desk.db) == 100


@pytest.mark.parametrize(
    ("change", "state", "reason"),
    [
        ({"tier": "D", "reasons": ("unconfirmed",)}, "review", None),
        ({"lines": (), "texts": ("Хліб 20.00",)}, "rejected", "no_product"),
        ({"date": date(2026, 11, 10)}, "rejected", "too_old"),
        ({"reasons": ("not_fiscal",), "tier": "D"}, "rejected", "not_fiscal"),
        ({"reasons": ("refund",), "tier": "D"}, "rejected", "refund"),
        ({"reasons": ("screenshot",), "tier": "D"}, "review", None),
    ],
)
def test_what_the_rules_say(desk: Desk, change: dict[str, Any], state: str, reason: str | None) -> None:
    known = judged(desk, replace(bought(desk.now), **change))
    assert (known.state, known.reason) == (state, reason)
    assert spent(desk.db) == 0
    assert desk.events(receipts.ReceiptNeedsReview) == (state == "review")


@pytest.mark.parametrize(
    ("doubt", "state", "reason"),
    [("unreadable", "rejected", "unreadable"), ("no_engine", "review", None), ("engine_failed", "review", None)],
)
def test_who_is_to_blame_for_nothing_read(desk: Desk, doubt: str, state: str, reason: str | None) -> None:
    known = judged(desk, Reading("D", (doubt,)))
    assert (known.state, known.reason) == (state, reason)


def test_a_double_that_is_not_certain_goes_to_a_person(desk: Desk) -> None:
    judged(desk, bought(desk.now, merchant="Аптека", fiscal_number="4000000001"))
    other = bought(desk.now, merchant="Будинок іграшок", fiscal_number="4000000002")
    again = judged(desk, other, 2)
    assert (again.state, spent(desk.db)) == ("review", 100)


def test_the_budget_ends_to_the_kopeck_whoever_comes_at_once(desk: Desk) -> None:
    begin(desk, budget="3.00")
    read = [desk.sent_and_read(bought(desk.now, key=f"ua:{number}"), 1 + number).id for number in range(8)]

    def judge(number: int) -> str:
        with desk.db.begin() as tx:
            receipts.judge(tx, CIPHER, receipts.ReceiptRecognised(receipt_id=read[number]), desk.now)
        return desk.look(read[number]).state

    assert sorted(at_once(8, judge)) == ["approved"] * 3 + ["rejected"] * 5
    assert spent(desk.db) == 300
    assert {desk.look(one).reason for one in read} == {None, "limit_budget"}


def test_three_a_day_for_a_person_and_for_all_who_share_a_phone(desk: Desk) -> None:
    with desk.db.begin() as tx:
        people = [make_user(tx, desk.now).id for _ in range(3)]
        for person in people[:2]:
            identity.keep_phone(tx, CIPHER, person, "067 123 45 67", desk.now, is_own=True)
    states = [judged(desk, bought(desk.now, key=f"ua:{n}"), people[n % 2]).reason for n in range(4)]
    assert states == [None, None, None, "limit_user_day"]
    assert judged(desk, bought(desk.now, key="ua:other"), people[2]).state == "approved"
    desk.pass_time(timedelta(days=1))
    assert judged(desk, bought(desk.now, key="ua:next"), people[0]).state == "approved"


def test_a_person_corrects_and_approves(desk: Desk) -> None:
    waiting = judged(desk, Reading("D", ("engine_failed",), currency="UAH", country="UA", fiscal_number="4000000001"))
    line = ReadLine("Цитрамон-Дарниця №20", Decimal(1), Decimal("42.50"), Decimal("42.50"))
    with desk.db.begin() as tx:
        assert [one.id for one in receipts.in_review(tx)] == [waiting.id]
        with pytest.raises(receipts.NotPayable):
            receipts.approve(tx, CIPHER, waiting.id, actor=BOSS, now=desk.now)
    at = desk.now - timedelta(hours=2)
    facts = Facts(merchant="Аптека", date=at.date(), time=at.time(), total=Decimal("42.50"), lines=(line,))
    with desk.db.begin() as tx:
        corrected = receipts.correct(tx, waiting.id, facts, actor=BOSS, now=desk.now)
        assert (corrected.state, corrected.reading and corrected.reading.source) == ("review", "person")
        approved = receipts.approve(tx, CIPHER, waiting.id, actor=BOSS, now=desk.now)
    assert (approved.state, str(approved.bonus), approved.reviewed_by) == ("approved", "1.00", BOSS)
    with desk.db.begin() as tx:
        with pytest.raises(receipts.NotInReview):
            receipts.approve(tx, CIPHER, waiting.id, actor=BOSS, now=desk.now)
        said = tx.execute(
            text("SELECT action FROM audit_log WHERE subject = :s ORDER BY id"), {"s": f"receipt:{waiting.id}"}
        )
        assert list(said.scalars()) == ["receipt.correct", "receipt.approve"]
    assert desk.events(receipts.ReceiptAccepted) == 1


def test_a_person_cannot_pay_past_limits_or_twice(desk: Desk) -> None:
    for number in range(3):
        judged(desk, bought(desk.now, key=f"ua:{number}"))
    late = judged(desk, replace(bought(desk.now, total="9.00"), tier="D", reasons=("unconfirmed",)))
    assert late.reason == "limit_user_day"
    other = judged(desk, replace(bought(desk.now, total="5.00"), tier="D", reasons=("unconfirmed",)), 2)
    with desk.db.begin() as tx:
        receipts.refuse(tx, other.id, "not_receipt", actor=BOSS, now=desk.now)
    assert desk.look(other.id).reason == "not_receipt"
    with desk.db.begin() as tx, pytest.raises(receipts.NotInReview):
        receipts.approve(tx, CIPHER, other.id, actor=BOSS, now=desk.now)


def test_each_counts_on_the_day_it_was_sent_whenever_a_person_looks(desk: Desk) -> None:
    begin(desk, limits="count = {day = 1}")
    waiting = []
    for number, day in enumerate((0, 1, 0)):
        desk.pass_time(timedelta(days=day))
        doubtful = bought(desk.now, key=f"ua:{number}", tier="D", reasons=("unconfirmed",))
        waiting.append(judged(desk, doubtful).id)
    with desk.db.begin() as tx:
        for one in waiting[:2]:
            assert receipts.approve(tx, CIPHER, one, actor=BOSS, now=desk.now).state == "approved"
    with desk.db.begin() as tx, pytest.raises(receipts.NotPayable, match="limit_user_day"):
        receipts.approve(tx, CIPHER, waiting[2], actor=BOSS, now=desk.now)


def test_two_operators_at_once_decide_once(desk: Desk) -> None:
    waiting = judged(desk, replace(bought(desk.now), tier="D", reasons=("unconfirmed",)))

    def decide(number: int) -> str:
        try:
            with desk.db.begin() as tx:
                if number % 2:
                    return receipts.approve(tx, CIPHER, waiting.id, actor=BOSS, now=desk.now).state
                return receipts.refuse(tx, waiting.id, "other", actor=BOSS, now=desk.now).state
        except receipts.NotInReview:
            return "late"

    assert sorted(at_once(6, decide)).count("late") == 5
    assert spent(desk.db) == (100 if desk.look(waiting.id).state == "approved" else 0)


def test_what_was_typed_in_is_never_paid_by_itself(desk: Desk) -> None:
    line = ReadLine("Цитрамон-Дарниця", Decimal(1), Decimal(50), Decimal(50))
    facts = Facts(merchant="Аптека", date=desk.now.date(), total=Decimal(50), currency="UAH", lines=(line,))
    with desk.db.begin() as tx:
        sent = receipts.submit_typed(tx, Party("user", 1), facts, desk.now)
    assert sent.state == "review"
    with desk.db.begin() as tx:
        receipts.judge(tx, CIPHER, receipts.ReceiptRecognised(receipt_id=sent.id), desk.now)
    assert (desk.look(sent.id).state, desk.events(receipts.ReceiptAccepted)) == ("review", 0)


@pytest.mark.parametrize(
    "facts",
    [
        {"total": Decimal(-1)},
        {"total": Decimal("1.001")},
        {"total": Decimal("NaN")},
        {"total": Decimal("1E+9")},
        {"merchant": "x" * 201},
        {"currency": "GOLD"},
        {"lines": (ReadLine("", Decimal(1), Decimal(1), Decimal(1)),)},
        {"lines": (ReadLine("x", Decimal(0), Decimal(1), Decimal(1)),)},
        {"merchant": " "},
    ],
)
def test_impossible_facts_are_refused(desk: Desk, facts: dict[str, Any]) -> None:
    right = {"merchant": "Аптека", "date": desk.now.date(), "total": Decimal(50)}
    with desk.db.begin() as tx, pytest.raises(receipts.BadFacts):
        receipts.submit_typed(tx, Party("user", 1), Facts(**(right | facts)), desk.now)


def test_receipts_of_others_are_not_found(desk: Desk) -> None:
    sent = desk.send(picture())
    with desk.db.begin() as tx:
        assert receipts.receipt(tx, Party("user", 1), sent.id).id == sent.id
        for party, number in ((Party("user", 2), sent.id), (Party("user", 1), 10**30)):
            with pytest.raises(receipts.ReceiptNotFound):
                receipts.receipt(tx, party, number)


def test_history_and_statistics(desk: Desk) -> None:
    for number in range(3):
        judged(desk, bought(desk.now, key=f"ua:{number}"))
    judged(desk, bought(desk.now, key="ua:0"), 2)
    party, day = Party("user", 1), timedelta(days=1)
    with desk.db.begin() as tx:
        newest = receipts.history(tx, party, limit=2)
        older = receipts.history(tx, party, limit=2, before=newest[-1].id)
        assert [len(newest), len(older)] == [2, 1]
        found = receipts.statistics(tx, desk.now, desk.now + day)
        assert (found.count, found.by_state, found.reasons) == (
            4,
            {"approved": 3, "rejected": 1},
            {"duplicate_receipt": 1},
        )
        assert [str(one) for one in found.owed] == ["3.00"]
        assert receipts.statistics(tx, desk.now, desk.now + day, party=party).count == 3
        assert receipts.statistics(tx, desk.now - day, desk.now).count == 0
        assert len(list(receipts.receipts_between(tx, desk.now, desk.now + day, state="rejected"))) == 1
