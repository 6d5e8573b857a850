"""What an operator does with payouts at the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from apps.console import books, doctor_payouts, receipts_payouts, terminal
from apps.console.findings import Trouble
from apps.sandbox.stack import Stack
from services import ledger
from services.kit import Kit
from services.platform.db import Database
from services.platform.money import Money
from services.receipts.payouts.providers.base import Unknown
from tests.factories import database_url, kit
from tests.services.receipts.payouts.till import PHONE, Told, accepted, pay, raises, row, wired
from tests.services.receipts.rules.made import imported

Console = Callable[..., tuple[int, str]]


@pytest.fixture
def at_hand(db: Database, stack: Stack) -> Iterator[Kit]:
    """A Kiosk whose secret is the one of the payouts of these tests."""
    with kit(database_url(db), stack.redis_url, "console", ENCRYPTION_SECRET="a secret of the tests") as made:
        yield made


@pytest.fixture
def console(at_hand: Kit, capsys: pytest.CaptureFixture[str]) -> Console:
    """The exit code and what was said."""

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            status = terminal.carry_out(at_hand, receipts_payouts.read([str(word) for word in words]))
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def promised(db: Database, now: datetime, payout: str, wire: Told | None = None) -> int:
    with db.begin() as tx:
        payout_id = accepted(tx, now, payout)
    pay(db, payout_id, now, wired(wire))
    return payout_id


def test_what_nobody_knows_is_found_shown_and_decided(
    db: Database, at_hand: Kit, console: Console, now: datetime
) -> None:
    payout_id = promised(db, now, "portmone", Told(answer=raises(Unknown("ReadTimeout"))))
    paid = promised(db, now, "balance")
    with pytest.raises(Trouble, match="nobody knows what became of: 1"):
        doctor_payouts.payouts(at_hand)
    status, said = console("list", "--state", "unknown")
    assert status == 0
    assert "unknown (ReadTimeout)" in said
    assert f"\n{paid:8}  receipt" not in said
    assert "5.00 UAH" in console("show", payout_id)[1]
    assert console("decide", payout_id, "paid", "--reason", "it is in the list")[0] == 1, "nobody was there to ask"
    status, said = console("decide", payout_id, "paid", "--reason", "it is in the list", "--yes")
    assert (status, said.splitlines()[-1]) == (0, f"payout {payout_id}: unknown -> succeeded")
    assert console("decide", payout_id, "paid", "--reason", "again", "--yes")[0] == 1
    assert console("show", 4711) == (1, "there is no payout 4711\n")
    assert console("decide", payout_id, "perhaps", "--reason", "x")[0] == 2
    assert PHONE not in console("list")[1] + console("show", payout_id)[1]
    assert "none is unknown" in doctor_payouts.payouts(at_hand)


def test_a_list_goes_out_and_comes_back(db: Database, console: Console, now: datetime, tmp_path: Path) -> None:
    payout_id, file = promised(db, now, "manual"), tmp_path / "list.csv"
    status, said = console("export", file)
    assert (status, said.splitlines()[0]) == (0, f"1 to be paid: {file}")
    assert file.read_text() == f"id,phone,amount,currency\n{payout_id},{PHONE},5.00,UAH\n"
    assert file.stat().st_mode & 0o077 == 0
    assert console("export", file)[0] == 1, "a file that is there is not overwritten"
    assert console("export", tmp_path / "more.csv")[1].startswith("0 to be paid")
    results = tmp_path / "results.csv"
    results.write_text(f"id,result\n{payout_id},maybe\n77,paid\n")
    status, said = console("import", results)
    assert status == 1
    assert "line 2: result is neither paid nor failed" in said
    assert "77: there is no such payout by hand" in said
    results.write_text(f"id,result\n{payout_id},paid\n")
    assert console("import", results) == (0, "1 paid, 0 failed, 0 were known before\n")
    assert console("import", results) == (0, "0 paid, 0 failed, 1 were known before\n")
    assert console("import", tmp_path / "nothing.csv")[0] == 1
    with db.begin() as tx:
        assert row(tx, payout_id).state == "succeeded"


def test_the_doctor_knows_who_pays(db: Database, at_hand: Kit, now: datetime, stack: Stack) -> None:
    assert [what for what, _ in doctor_payouts.checks(at_hand)] == [
        "Payouts by balance",
        "Payouts by manual",
        "Payouts",
    ]
    settings = {"PORTMONE_LOGIN": "kiosk", "PORTMONE_PASSWORD": "never-shown", "PORTMONE_PAYEE_IDS": "67=1"}
    with kit(database_url(db), stack.redis_url, "console", **settings) as made:
        says = dict(doctor_payouts.checks(made))["Payouts by portmone"](made)
    assert "unverified" in says
    assert "PORTMONE_WEBHOOK_TOKEN" in says
    assert "never-shown" not in says


@pytest.mark.parametrize(("more", "says"), [('payout = "portmone"', "not set up"), ("", "spent in RUB")])
def test_the_doctor_knows_what_campaigns_need(db: Database, at_hand: Kit, more: str, says: str) -> None:
    at = at_hand.clock.now()
    with db.begin() as tx:
        imported(tx, now=at, more=more)
        tx.execute(text("UPDATE receipt_campaigns SET starts_at = :at, ends_at = :at + interval '1 day'"), {"at": at})
    with pytest.raises(Trouble, match=says):
        doctor_payouts.payouts(at_hand)


def test_the_books_find_what_is_not_booked_as_it_stands(db: Database, now: datetime) -> None:
    first, second = promised(db, now, "balance"), promised(db, now, "manual")
    assert books.prove(db).faults == []
    with db.begin() as tx:
        row(tx, first).state = "failed"
        row(tx, second).state = "succeeded"
        entries = [ledger.Entry("cashback:x", Money(1, "UAH")), ledger.Entry("payout:x", Money(-1, "UAH"))]
        ledger.post(tx, kind="cashback", reference="receipt:4711", entries=entries, now=now)
    assert [(one.rule, one.subject.split()[0]) for one in books.prove(db).faults] == [
        ("payout_is_booked_as_it_stands", "payout"),
        ("payout_is_booked_as_it_stands", "payout"),
        ("booked_payout_exists", "ledger"),
    ]
