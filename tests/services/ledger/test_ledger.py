from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from services import ledger
from services.ledger import AlreadyPosted, Entry, Unbalanced
from services.platform.db import Database
from services.platform.money import Money
from tests.factories import at_once


def rub(minor: int) -> Money:
    return Money(minor, "RUB")


SALE = [Entry("clearing:yookassa", rub(29900)), Entry("revenue:vpn", rub(-29900))]


def post(tx: Session, now: datetime, reference: str = "1", entries: list[Entry] | None = None) -> int:
    return ledger.post(tx, kind="payment", reference=reference, entries=SALE if entries is None else entries, now=now)


def test_a_posting_moves_money_between_accounts(tx: Session, now: datetime) -> None:
    post(tx, now)
    post(tx, now, "2", [Entry("clearing:yookassa", rub(-100)), Entry("fees", rub(60)), Entry("bank", rub(40))])
    assert ledger.balance(tx, "clearing:yookassa", "RUB") == rub(29800)
    assert ledger.balance(tx, "revenue:vpn", "RUB") == rub(-29900)
    assert ledger.balance(tx, "revenue:vpn", "UAH") == Money(0, "UAH")
    assert ledger.balance(tx, "nobody", "RUB") == rub(0)
    assert ledger.imbalances(tx) == []


def test_one_fact_is_booked_once(tx: Session, now: datetime) -> None:
    post(tx, now)
    with pytest.raises(AlreadyPosted):
        post(tx, now)
    ledger.post(tx, kind="refund", reference="1", entries=SALE, now=now)  # another kind of fact
    assert ledger.balance(tx, "clearing:yookassa", "RUB") == rub(59800), "and the transaction is still usable"


def test_one_fact_in_many_hands_at_once_is_booked_once(db: Database, now: datetime) -> None:
    def book(_number: int) -> bool:
        try:
            with db.begin() as tx:
                post(tx, now)
        except AlreadyPosted:
            return False
        return True

    assert sum(at_once(8, book)) == 1
    with db.begin() as tx:
        assert ledger.balance(tx, "clearing:yookassa", "RUB") == rub(29900)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [Entry("a", rub(1))],
        [Entry("a", rub(0)), Entry("b", rub(0))],
        [Entry("a", rub(1)), Entry("b", rub(-1)), Entry("c", rub(0))],
        [Entry("a", rub(100)), Entry("b", rub(-99))],
        [Entry("a", rub(100)), Entry("b", Money(-100, "UAH"))],
        [Entry("a", rub(100)), Entry("b", rub(-100)), Entry("c", Money(1, "UAH"))],
    ],
)
def test_a_set_that_does_not_balance_is_refused(tx: Session, now: datetime, entries: list[Entry]) -> None:
    with pytest.raises(Unbalanced):
        post(tx, now, entries=entries)
    post(tx, now)  # nothing was kept of it, not even its name


@pytest.mark.parametrize("table", ["ledger_entries", "ledger_transactions"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_database_refuses_to_change_the_past(db: Database, now: datetime, table: str, change: str) -> None:
    with db.begin() as tx:
        post(tx, now)
    if change.startswith("UPDATE"):
        change = "UPDATE {} SET " + {"ledger_entries": "minor = minor", "ledger_transactions": "kind = kind"}[table]
    with pytest.raises(DBAPIError, match="append only"), db.begin() as tx:
        tx.execute(text(change.format(table)))
    with db.begin() as tx:
        assert ledger.balance(tx, "clearing:yookassa", "RUB") == rub(29900)


HEAD = "INSERT INTO ledger_transactions (kind, reference, posted_at) VALUES ('raw', :reference, now()) RETURNING id"
ENTRY = (
    "INSERT INTO ledger_entries (transaction_id, account, currency, minor) VALUES (:id, :account, :currency, :minor)"
)


def insert_raw(db: Database, reference: str, *entries: tuple[str, str, int]) -> None:
    with db.begin() as tx:
        number = tx.scalar(text(HEAD), {"reference": reference})
        for account, currency, minor in entries:
            tx.execute(text(ENTRY), {"id": number, "account": account, "currency": currency, "minor": minor})


def test_the_database_itself_refuses_unbalanced_sets_at_the_commit(db: Database, now: datetime) -> None:
    insert_raw(db, "good", ("a", "RUB", 5), ("b", "RUB", -2), ("c", "RUB", -3))
    for number, entries in enumerate(
        [[("a", "RUB", 1)], [("a", "RUB", 1), ("b", "RUB", -2)], [("a", "RUB", 1), ("b", "UAH", -1)]]
    ):
        with pytest.raises(IntegrityError, match="does not sum to zero"):
            insert_raw(db, f"bad {number}", *entries)
    with pytest.raises(IntegrityError, match="ledger_entries_not_zero"):
        insert_raw(db, "zero", ("a", "RUB", 0), ("b", "RUB", 0))
    with db.begin() as tx:
        known = post(tx, now)
    with pytest.raises(IntegrityError, match="does not sum to zero"), db.begin() as tx:
        tx.execute(text(ENTRY), {"id": known, "account": "a", "currency": "RUB", "minor": 1})
    with db.begin() as tx:
        assert tx.scalar(text("SELECT count(*) FROM ledger_transactions")) == 2
        assert ledger.imbalances(tx) == []


def test_imbalances_would_be_seen(tx: Session) -> None:
    number = tx.scalar(text(HEAD), {"reference": "half"})
    tx.execute(
        text(ENTRY), {"id": number, "account": "a", "currency": "RUB", "minor": 7}
    )  # not committed: not refused yet
    assert ledger.imbalances(tx) == [(number, "RUB", 7)]


def test_the_entries_of_a_fact_keep_their_order(tx: Session, now: datetime) -> None:
    entries = [Entry("b", rub(2**40)), Entry("d", rub(-5)), Entry("a", rub(5 - 2**40)), Entry("c", Money(1, "UAH"))]
    entries += [Entry("b", Money(-1, "UAH"))]
    number = post(tx, now, entries=entries)
    assert ledger.find(tx, kind="payment", reference="1") == entries
    assert tx.scalar(text("SELECT max(id) FROM ledger_transactions")) == number
