"""The proof finds each way in which money and promises can disagree, and nothing where they agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services import billing, ledger
from services.billing.books import RULES
from services.platform.money import Money
from tests.services.billing.busy_shop import Day, a_day, late, too_much
from tests.world import Kiosk

LEDGER_RULES = {"set_sums_to_zero", "currency_sums_to_zero", "balance_is_sum_of_postings"}

# What is broken -> by which statement (:names are payments of the Day), which rule says so, and of what.
PLANTED: dict[str, tuple[str, str, str]] = {
    "an entry was changed": (
        """
        UPDATE ledger_entries SET minor = minor + 1 WHERE account LIKE 'revenue:%' AND transaction_id =
          (SELECT id FROM ledger_transactions WHERE kind = 'payment' AND reference = CAST(:sold AS text))""",
        "set_sums_to_zero",
        "ledger transaction",
    ),
    "an entry was added": (
        """
        INSERT INTO ledger_entries (transaction_id, account, currency, minor)
        SELECT min(id), 'revenue:vpn', 'UAH', -5 FROM ledger_transactions""",
        "currency_sums_to_zero",
        "UAH",
    ),
    "a balance was changed": (
        "UPDATE ledger_balances SET minor = minor - 100000 WHERE account = (SELECT min(account) FROM ledger_balances)",
        "balance_is_sum_of_postings",
        "wallet:user:",
    ),
    "a balance has lost its row": (
        "DELETE FROM ledger_balances WHERE minor <> 0",
        "balance_is_sum_of_postings",
        "wallet:user:",
    ),
    "a balance comes from nowhere": (
        "INSERT INTO ledger_balances (account, currency, minor) VALUES ('wallet:user:99', 'RUB', -1)",
        "balance_is_sum_of_postings",
        "wallet:user:99",
    ),
    "a paid invoice whose payment was lost": (
        "UPDATE payments SET state = 'canceled' WHERE id = :sold",
        "paid_invoice_has_one_paid_attempt",
        "invoice",
    ),
    "a refund in the ledger only": (
        "UPDATE ledger_transactions SET reference = '99' || reference WHERE kind = 'refund'",
        "booked_refund_exists",
        "ledger transaction",
    ),
    "a fitting payment that was not earned": (
        """
        UPDATE ledger_entries SET account = 'held:user:99' WHERE account LIKE 'revenue:%' AND transaction_id =
          (SELECT id FROM ledger_transactions WHERE kind = 'payment' AND reference = CAST(:sold AS text))""",
        "fitting_payment_is_revenue",
        "payment :sold",
    ),
    "a fee that was told and not booked": (
        "UPDATE payments SET fee_minor = fee_minor + 1 WHERE id = :sold",
        "fee_is_booked_as_told",
        "payment :sold",
    ),
    "an invoice paid by two": (
        "UPDATE payments SET invoice_id = (SELECT invoice_id FROM payments WHERE id = :partly) WHERE id = :sold",
        "paid_invoice_has_one_paid_attempt",
        "invoice",
    ),
    "an invoice that does not know it is paid": (
        "UPDATE invoices SET state = 'open' WHERE id = (SELECT invoice_id FROM payments WHERE id = :sold)",
        "unpaid_invoice_has_no_paid_attempt",
        "invoice",
    ),
    "a payment that was never booked": (
        "UPDATE ledger_transactions SET reference = 'lost' WHERE kind = 'payment' AND reference = CAST(:sold AS text)",
        "succeeded_payment_is_booked_once",
        "payment :sold",
    ),
    "a payment booked with another amount": (
        "UPDATE payments SET received_minor = received_minor + 1 WHERE id = :sold",
        "succeeded_payment_is_booked_once",
        "payment :sold",
    ),
    "a payment booked to another provider": (
        "UPDATE payments SET provider = 'robokassa' WHERE id = :sold",
        "succeeded_payment_is_booked_once",
        "payment :sold",
    ),
    "a payment that says not what came": (
        "UPDATE payments SET received_minor = received_minor - 1 WHERE id = :sold",
        "succeeded_payment_is_booked_once",
        "payment :sold",
    ),
    "a declined payment in the ledger": (
        """
        INSERT INTO ledger_transactions (kind, reference, posted_at)
        VALUES ('payment', CAST(:declined AS text), now())""",
        "unpaid_payment_is_not_booked",
        "payment :declined",
    ),
    "a booking of no payment": (
        "INSERT INTO ledger_transactions (kind, reference, posted_at) VALUES ('payment', '999999', now())",
        "booked_payment_exists",
        "ledger transaction",
    ),
    "a decision that was not booked": (
        "UPDATE ledger_transactions SET reference = 'lost' WHERE kind = 'decision' AND reference = CAST(:kept AS text)",
        "decided_payment_is_booked",
        "payment :kept",
    ),
    "a refund decided, and kept": (
        "UPDATE payments SET decided = 'refund' WHERE id = :kept",
        "decided_payment_is_booked",
        "payment :kept",
    ),
    "a refund that was not booked": (
        """
        UPDATE ledger_transactions SET reference = 'lost'
        WHERE kind = 'refund' AND reference = (SELECT CAST(id AS text) FROM refunds WHERE payment_id = :partly)""",
        "succeeded_refund_is_booked_once",
        "refund",
    ),
    "a booked refund that never ended": (
        "UPDATE refunds SET state = 'pending' WHERE payment_id = :partly",
        "succeeded_refund_is_booked_once",
        "refund",
    ),
    "a refund of another amount": (
        "UPDATE refunds SET amount_minor = amount_minor - 1 WHERE payment_id = :partly",
        "succeeded_refund_is_booked_once",
        "refund",
    ),
    "more refunded than came": (
        "UPDATE refunds SET amount_minor = 30000 WHERE payment_id = :partly",
        "no_more_is_refunded_than_came",
        "payment :partly",
    ),
    "held money that nobody waits for": (
        "UPDATE payments SET decision = NULL WHERE id = :late",
        "held_money_is_what_waits",
        "held:user:",
    ),
    "a decision that waits for no money": (
        "UPDATE payments SET decision = 'late' WHERE id = :sold",
        "held_money_is_what_waits",
        "held:user:",
    ),
    "money set aside for a refund that is over": (
        "UPDATE refunds SET state = 'canceled' WHERE payment_id = :sent_back_from_kept",
        "held_money_is_what_waits",
        "held:user:",
    ),
}


@contextmanager
def undone(kiosk: Kiosk) -> Iterator[Session]:
    """A transaction that keeps nothing, in which no trigger and no foreign key stands in the way."""
    with kiosk.kit.db.engine.connect() as connection, Session(connection) as tx:
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        yield tx
        tx.rollback()


def plant(tx: Session, day: Day, statement: str) -> None:
    values: dict[str, Any] = {name: value for name, value in asdict(day).items() if isinstance(value, int)}
    written = text(statement)
    broken: Any = tx.execute(written, {name: values[name] for name in written.compile().params})
    assert broken.rowcount, f"nothing was broken by {statement}"


def test_every_planted_fault_is_found(kiosk: Kiosk) -> None:
    day = a_day(kiosk)
    assert kiosk.faults() == []
    for what, (statement, rule, subject) in PLANTED.items():
        for name, number in asdict(day).items():
            subject = subject.replace(f":{name}", str(number))
        with undone(kiosk) as tx:
            plant(tx, day, statement)
            found = billing.check_books(tx)
        assert [fault for fault in found if fault.rule == rule and fault.subject.startswith(subject)], (what, found)
    assert kiosk.faults() == [], "planting left nothing behind"


def test_there_is_a_planted_fault_for_every_rule() -> None:
    assert {rule for _, rule, _ in PLANTED.values()} == set(RULES) | LEDGER_RULES


@pytest.mark.parametrize("choice", billing.CHOICES)
def test_a_decision_leaves_the_books_proved(kiosk: Kiosk, choice: billing.Choice) -> None:
    payment = too_much(kiosk, kiosk.person())
    assert kiosk.faults() == []
    kiosk.decide(payment, choice)
    assert kiosk.faults() == []
    kiosk.drain()
    assert kiosk.faults() == []


@pytest.mark.parametrize("end", ["succeeded", "insufficient_funds"])
def test_kept_money_that_goes_back_after_all(kiosk: Kiosk, end: str) -> None:
    """It is set aside while it is on its way, and is the buyer's again where it does not arrive."""
    payment = late(kiosk, kiosk.person())
    kiosk.decide(payment, "keep")
    kiosk.post("/yookassa/settings", refund=end)
    try:
        kiosk.refund(payment)
        assert kiosk.faults() == []
        kiosk.drain()
    finally:
        kiosk.post("/yookassa/settings", refund="succeeded")
    assert kiosk.faults() == []
    assert kiosk.scalar("SELECT sum(minor) FROM ledger_entries WHERE account LIKE 'wallet:%'") == (
        0 if end == "succeeded" else -29900
    )


def test_a_fee_that_is_told_later_leaves_the_books_proved(kiosk: Kiosk) -> None:
    sold = kiosk.buy(kiosk.person()).payment_id
    fee = kiosk.scalar("SELECT fee_minor FROM payments WHERE id = :id", id=sold)
    assert fee > 0
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE payments SET fee_minor = fee_minor + 5"))
        entries = [ledger.Entry("fees:yookassa", Money(5, "RUB")), ledger.Entry("clearing:yookassa", Money(-5, "RUB"))]
        ledger.post(tx, kind="fee", reference=str(sold), entries=entries, now=kiosk.now)
    assert kiosk.faults() == []


def test_a_refund_given_up_that_arrives_after_all_leaves_the_books_proved(kiosk: Kiosk) -> None:
    """A person said "not done" of kept money on its way back, and the provider did it nevertheless."""
    payment = late(kiosk, kiosk.person())
    kiosk.decide(payment, "keep")
    kiosk.post("/yookassa/settings", refund="pending")
    try:
        refund = kiosk.refund(payment)
        kiosk.drain()
    finally:
        kiosk.post("/yookassa/settings", refund="succeeded")
    there = kiosk.scalar("SELECT external_id FROM refunds WHERE id = :id", id=refund)
    with kiosk.kit.db.begin() as tx:
        billing.resolve_refund(tx, refund, done=False, actor="operator:1", now=kiosk.now)
    assert kiosk.faults() == []
    kiosk.post(f"/yookassa/refunds/{there}/finish", outcome="success")
    kiosk.drain(1.0)
    assert kiosk.scalar("SELECT state FROM refunds WHERE id = :id", id=refund) == "succeeded"
    assert kiosk.faults() == []
