"""`books check`: a proof in one line, or every fault; right also while the shop is busy."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from apps.console import books
from services import ledger
from services.platform.money import Money
from tests.world import Kiosk


def test_books_that_agree_are_proved(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    kiosk.buy(kiosk.person())
    capsys.readouterr()
    assert books.check(kiosk.kit) == 0
    assert capsys.readouterr().out == "The books are proved: 1 currencies, 1 transactions, 3 entries.\n"


def test_a_fault_is_named_with_its_rule_and_its_row(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    sold = kiosk.buy(kiosk.person())
    kiosk.scalar("UPDATE invoices SET state = 'open' RETURNING id")
    assert books.check(kiosk.kit) == 1
    said = capsys.readouterr().out
    assert (
        f"unpaid_invoice_has_no_paid_attempt: invoice {sold.invoice_id}: "
        f"payment {sold.payment_id} paid it, yet it is open\n" in said
    )
    assert "1 faults." in said


def test_the_proof_is_of_one_moment(kiosk: Kiosk) -> None:
    """What is committed between two of its questions is not seen by the second, so it cannot look like a fault."""
    busy = 0

    def sell_meanwhile(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal busy
        if "ledger_entries" in statement and not busy:
            busy += 1
            kiosk.give(anna, Money(100, "RUB"))
            kiosk.scalar("UPDATE invoices SET state = 'open' RETURNING id")

    anna = kiosk.person()
    kiosk.buy(anna)
    event.listen(kiosk.kit.db.engine, "after_cursor_execute", sell_meanwhile)
    try:
        proof = books.prove(kiosk.kit.db)
    finally:
        event.remove(kiosk.kit.db.engine, "after_cursor_execute", sell_meanwhile)
    assert busy == 1
    assert (proof.faults, proof.extent) == ([], ledger.Extent(currencies=1, transactions=1, entries=3))
    assert books.prove(kiosk.kit.db).extent.transactions == 2


def test_the_proof_cannot_write(kiosk: Kiosk) -> None:
    with kiosk.kit.db.begin() as tx:
        tx.execute(books.SNAPSHOT)
        with pytest.raises(DBAPIError, match="read-only"):
            tx.execute(text("INSERT INTO provider_switches VALUES ('yookassa', false, '', now())"))


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["mend"], ["check", "it"]):
        with pytest.raises(SystemExit) as end:
            books.main(arguments)
        assert end.value.code == 2
    assert "usage: books" in capsys.readouterr().err
