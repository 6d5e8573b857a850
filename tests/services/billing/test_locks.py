"""Invoice, then attempt: whoever locks them otherwise waits for ever for somebody who waits for him."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import NoResultFound, OperationalError
from sqlalchemy.orm import Session

from services import billing
from services.billing.models import InvoiceRow, PaymentRow
from services.billing.transitions import lock
from services.platform.db import Database
from tests.factories import make_paid_invoice, make_tariff, make_user
from tests.world import wait_for

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
Seen = tuple[int, int, str]  # invoice, the attempt's invoice, the attempt's detail


@pytest.fixture
def paid(db: Database, now: datetime) -> billing.InvoicePaid:
    with db.begin() as tx:
        make_tariff(tx, now)
        return make_paid_invoice(tx, now, make_user(tx, now).party)


@contextmanager
def another_locks(db: Database, payment_id: int) -> Iterator[Callable[[], Future[Seen]]]:
    """Gives a function that begins to lock in a transaction of its own, and comes back once that has to wait."""

    def locking() -> Seen:
        with db.begin() as tx:
            invoice, payment = lock(tx, payment_id)
            return invoice.id, payment.invoice_id, payment.detail or ""

    def begin() -> Future[Seen]:
        seen = pool.submit(locking)
        with db.begin() as tx:
            wait_for(lambda: tx.scalar(text(WAITING)) == 1)
        return seen

    with ThreadPoolExecutor(1) as pool:
        yield begin


def is_locked(db: Database, table: str, number: int) -> bool:
    try:
        with db.begin() as tx:
            tx.execute(text(f"SELECT FROM {table} WHERE id = {number} FOR UPDATE NOWAIT"))
    except OperationalError:
        return True
    return False


def hold(tx: Session, table: str, number: int) -> None:
    tx.execute(text(f"SELECT FROM {table} WHERE id = {number} FOR UPDATE"))


def test_who_waits_for_the_attempt_has_the_invoice(db: Database, paid: billing.InvoicePaid) -> None:
    with another_locks(db, paid.payment_id) as begin:
        with db.begin() as tx:
            hold(tx, "payments", paid.payment_id)
            seen = begin()
            assert is_locked(db, "invoices", paid.invoice_id)
        assert seen.result(10) == (paid.invoice_id, paid.invoice_id, "")


def test_who_waits_for_the_invoice_does_not_have_the_attempt(db: Database, paid: billing.InvoicePaid) -> None:
    with another_locks(db, paid.payment_id) as begin:
        with db.begin() as tx:
            hold(tx, "invoices", paid.invoice_id)
            seen = begin()
            assert not is_locked(db, "payments", paid.payment_id)
        assert seen.result(10) == (paid.invoice_id, paid.invoice_id, "")


def test_who_waited_sees_what_was_written_meanwhile(db: Database, paid: billing.InvoicePaid) -> None:
    with another_locks(db, paid.payment_id) as begin:
        with db.begin() as tx:
            _, payment = lock(tx, paid.payment_id)
            seen = begin()
            payment.detail = "news"
        assert seen.result(10) == (paid.invoice_id, paid.invoice_id, "news")


def test_what_was_read_before_is_read_anew(db: Database, paid: billing.InvoicePaid) -> None:
    with db.begin() as tx:
        known = tx.get_one(PaymentRow, paid.payment_id), tx.get_one(InvoiceRow, paid.invoice_id)
        with db.begin() as other:
            invoice, payment = lock(other, paid.payment_id)
            invoice.state, payment.detail = "open", "news"
        invoice, payment = lock(tx, paid.payment_id)
        assert (payment, invoice) == known
        assert (invoice.state, payment.detail) == ("open", "news")


def test_who_waited_while_the_attempt_got_another_invoice_does_not_go_back_for_that(
    db: Database, paid: billing.InvoicePaid, now: datetime
) -> None:
    """Somebody who came later may hold it, and wait for the attempt."""
    with another_locks(db, paid.payment_id) as begin:
        with db.begin() as tx:
            _, payment = lock(tx, paid.payment_id)
            seen = begin()
            payment.invoice_id = make_paid_invoice(tx, now, make_user(tx, now).party).invoice_id
        assert seen.result(10) == (paid.invoice_id, payment.invoice_id, "")
        assert payment.invoice_id != paid.invoice_id


def test_there_must_be_such_an_attempt(db: Database) -> None:
    with pytest.raises(NoResultFound), db.begin() as tx:
        lock(tx, 1)
