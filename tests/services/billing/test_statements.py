"""A day held against the provider's own list: what is missing, what differs, what could be mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services import billing
from services.platform.money import Money
from tests.world import Kiosk, MakeKiosk

HOUR = timedelta(hours=1)


@pytest.fixture
def watched(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    with make_kiosk(TELEGRAM_ADMIN_IDS="77") as kiosk:
        yield kiosk


def statement(kiosk: Kiosk, provider: str = "yookassa") -> billing.Statement:
    """Of today, with other tests' payments left out: they were made in the same shop."""
    day = kiosk.now.date()
    made = billing.make_statement(kiosk.kit.db, kiosk.kit.providers, provider, day, kiosk.now)
    assert made
    return made


def about(kiosk: Kiosk, made: billing.Statement) -> list[billing.Difference]:
    ours = {kiosk.external_id(payment_id) for payment_id in range(1, kiosk.count("payments") + 1)}
    return [difference for difference in made.differences if difference.external_id in ours]


def at_noon(kiosk: Kiosk) -> None:
    """Far from both edges of the day, so that what is bought now is all of one day."""
    kiosk.world.offset.move(((35 - kiosk.now.hour) % 24 + 1) * 3600)


def test_what_agrees_says_nothing(watched: Kiosk) -> None:
    at_noon(watched)
    first, second = watched.buy(watched.person()), watched.buy(watched.person())
    watched.refund(first.payment_id)
    watched.drain()
    made = statement(watched)
    assert about(watched, made) == []
    assert made.totals["ours"] == {"payments RUB": 2 * 29900, "refunds RUB": 29900}
    assert made.totals["theirs"]["payments RUB"] >= 2 * 29900
    fees = watched.scalar("SELECT sum(fee_minor) FROM payments")
    assert fees > 0
    assert made.totals["clearing"] == {"payment RUB": 2 * 29900 - fees, "refund RUB": -29900}
    assert second.payment_id


def test_money_that_we_never_heard_of_is_found_and_applied(watched: Kiosk) -> None:
    """The notification was lost, and so were all our questions."""
    at_noon(watched)
    checkout = watched.checkout(watched.person())
    watched.pay(checkout, notify="never")
    watched.scalar("UPDATE payments SET state = 'canceled', check_after = NULL RETURNING id")
    assert about(watched, statement(watched)) == []
    watched.drain()
    assert watched.count("invoices", "state = 'paid'") == 1
    assert watched.faults() == []


def test_what_is_only_there_is_missing_here(watched: Kiosk) -> None:
    at_noon(watched)
    checkout = watched.buy(watched.person())
    external_id = watched.external_id(checkout.payment_id)
    watched.scalar("UPDATE payments SET external_id = 'x', key = gen_random_uuid() RETURNING id")
    found = [one for one in statement(watched).differences if one.external_id in (external_id, "x")]
    assert {(one.kind, one.external_id) for one in found} == {("missing_here", external_id), ("missing_there", "x")}
    watched.drain()
    assert watched.count("messages", "kind = 'admin_statement'") == 1


def test_another_amount_and_another_end_are_told(watched: Kiosk) -> None:
    at_noon(watched)
    amount, state = watched.buy(watched.person()), watched.buy(watched.person())
    unpaid = watched.checkout(watched.person())
    watched.scalar("UPDATE payments SET received_minor = 1 WHERE id = :id RETURNING id", id=amount.payment_id)
    watched.scalar("UPDATE payments SET state = 'succeeded' WHERE id = :id RETURNING id", id=unpaid.payment_id)
    assert {one.kind for one in about(watched, statement(watched))} == {"amount", "state"}
    assert state.payment_id


def test_a_fee_that_is_told_late_is_booked_once(watched: Kiosk) -> None:
    at_noon(watched)
    checkout = watched.buy(watched.person())
    fee = watched.scalar("SELECT fee_minor FROM payments")
    with watched.kit.db.begin() as tx:
        tx.execute(text("UPDATE payments SET fee_minor = NULL"))
    for _ in range(2):
        statement(watched)
    assert watched.scalar("SELECT fee_minor FROM payments") == fee
    assert watched.count("ledger_transactions", "kind = 'fee'") == 1
    assert checkout.payment_id


def test_every_day_by_itself_for_every_provider_in_use(watched: Kiosk) -> None:
    at_noon(watched)
    anna = watched.person()
    watched.buy(anna)
    watched.give(anna, Money(30000, "RUB"))
    watched.checkout(anna, provider="balance")
    watched.pass_time(timedelta(hours=30), step=3 * HOUR)
    made = {(row.provider, row.differences) for row in stored(watched)}
    assert ("balance", 0) in made
    assert {provider for provider, _ in made} == {"balance", "yookassa"}
    watched.pass_time(timedelta(hours=24), step=3 * HOUR)
    assert len(stored(watched)) == 4
    assert watched.count("messages", "kind = 'admin_statement' AND params->>'provider' = 'balance'") == 0


def stored(kiosk: Kiosk) -> list[Any]:
    with kiosk.kit.db.begin() as tx:
        return list(tx.execute(text("SELECT provider, day, differences FROM statements")))


def test_a_provider_that_does_not_answer_is_asked_again(watched: Kiosk) -> None:
    at_noon(watched)
    watched.buy(watched.person())
    watched.post("/yookassa/faults", mode="500", method="GET", path="/v3/payments", times=3, delay=0)
    watched.pass_time(timedelta(hours=17), step=3 * HOUR)
    watched.http.delete("/yookassa/faults")
    watched.hurry()
    assert len(stored(watched)) == 1
    assert json.dumps(watched.undone()) == "[]"
