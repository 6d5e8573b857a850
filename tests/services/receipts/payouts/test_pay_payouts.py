"""One receipt, one payout, one call: whatever comes twice, late, or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from services import identity
from services.identity import Party
from services.platform.errors import TryLater
from services.receipts import ReceiptAccepted, payouts
from services.receipts.payouts.models import PayoutRow
from services.receipts.payouts.pay import LEASE
from services.receipts.payouts.providers.base import NotSent, Order, Paid, Refused, Unknown
from tests.services.receipts.payouts.till import (
    CIPHER,
    PHONE,
    Told,
    Within,
    accepted,
    balances,
    events,
    pay,
    person,
    raises,
    row,
    wired,
)


def again(tx: Session, payout: PayoutRow, now: datetime) -> int | None:
    event = ReceiptAccepted(
        receipt_id=payout.receipt_id, party=payout.party, campaign="autumn", minor=500, currency="UAH", payout="balance"
    )
    return payouts.order_payout(tx, CIPHER, event, now)


def test_a_receipt_that_earns_is_promised_once(tx: Session, now: datetime) -> None:
    payout = row(tx, accepted(tx, now))
    assert again(tx, payout, now) is None
    assert balances(tx, payout.party) == {"cashback:autumn": 500, "payout": -500}
    assert events(tx, "payout_due") == 1


def test_a_balance_is_paid_without_any_wire(tx: Session, now: datetime) -> None:
    payout_id = accepted(tx, now, "balance")
    for _ in range(2):
        pay(Within(tx), payout_id, now, wired())
    payout = row(tx, payout_id)
    assert (payout.state, payout.sealed) == ("succeeded", None)
    assert balances(tx, payout.party) == {"cashback:autumn": 500, "wallet": -500}
    assert events(tx, "payout_succeeded") == 1


def test_a_phone_is_topped_up_by_one_call(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told()
    for _ in range(3):
        pay(Within(tx), payout_id, now, wired(wire))
    assert [(one.reference, str(one.amount), one.phone) for one in wire.orders] == [(f"{payout_id}.1", "5.00", PHONE)]
    payout = row(tx, payout_id)
    assert (payout.state, payout.external_id) == ("succeeded", f"bill-{payout_id}.1")
    assert balances(tx, payout.party) == {"cashback:autumn": 500, "clearing:portmone": -500}


def test_the_intent_is_stored_before_the_call(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told()

    def look(order: Order) -> Paid:
        assert (row(tx, payout_id).state, row(tx, payout_id).attempt) == ("sent", 1)
        with pytest.raises(TryLater):  # a second worker, while the first one waits for its answer
            pay(Within(tx), payout_id, now, wired(wire))
        return Paid("bill")

    wire.answer = look
    pay(Within(tx), payout_id, now, wired(wire))
    assert len(wire.orders) == 1
    assert row(tx, payout_id).state == "succeeded"


def test_a_phone_is_kept_sealed_and_out_of_what_is_printed(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told()
    pay(Within(tx), payout_id, now, wired(wire))
    sealed = row(tx, payout_id).sealed
    assert sealed
    assert PHONE.encode() not in sealed
    assert PHONE not in repr(wire.orders)


def test_what_surely_did_not_leave_is_sent_again(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told(answer=raises(NotSent("refused connection")))
    with pytest.raises(NotSent):
        pay(Within(tx), payout_id, now, wired(wire))
    assert row(tx, payout_id).state == "created"
    wire.answer = lambda order: Paid("bill")
    pay(Within(tx), payout_id, now, wired(wire))
    assert [one.reference for one in wire.orders] == [f"{payout_id}.1", f"{payout_id}.2"]
    assert row(tx, payout_id).state == "succeeded"


def test_what_may_have_arrived_is_never_sent_again(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told(answer=raises(Unknown("ReadTimeout")))
    for days in range(3):
        pay(Within(tx), payout_id, now + timedelta(days=days), wired(wire))
    payout = row(tx, payout_id)
    assert (payout.state, payout.code, len(wire.orders)) == ("unknown", "ReadTimeout", 1)
    assert balances(tx, payout.party) == {"cashback:autumn": 500, "payout": -500}
    assert events(tx, "payout_needs_decision") == 1


def test_a_worker_that_died_with_the_call_leaves_it_to_a_person(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told(answer=raises(RuntimeError("killed")))
    with pytest.raises(RuntimeError):
        pay(Within(tx), payout_id, now, wired(wire))
    with pytest.raises(TryLater):
        pay(Within(tx), payout_id, now + LEASE - timedelta(seconds=1), wired(wire))
    assert row(tx, payout_id).state == "sent"
    pay(Within(tx), payout_id, now + LEASE, wired(wire))
    assert (row(tx, payout_id).state, row(tx, payout_id).code, len(wire.orders)) == ("unknown", "worker_died", 1)
    assert events(tx, "payout_needs_decision") == 1


def test_a_worker_that_was_taken_for_dead_may_still_bring_the_answer(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told()

    def slow(order: Order) -> Paid:
        pay(Within(tx), payout_id, now + LEASE, wired(wire))
        assert row(tx, payout_id).state == "unknown"
        return Paid("bill")

    wire.answer = slow
    pay(Within(tx), payout_id, now, wired(wire))
    assert (row(tx, payout_id).state, len(wire.orders)) == ("succeeded", 1)
    assert events(tx, "payout_succeeded") == 1


def test_a_refusal_ends_it_and_takes_the_promise_back(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told(answer=raises(Refused("1007")))
    for _ in range(2):
        pay(Within(tx), payout_id, now, wired(wire))
    payout = row(tx, payout_id)
    assert (payout.state, payout.code, len(wire.orders)) == ("failed", "1007", 1)
    assert balances(tx, payout.party) == {}
    assert events(tx, "payout_failed") == 1


def test_without_a_phone_it_waits_until_one_is_given(tx: Session, now: datetime) -> None:
    party, wire = person(tx, now, phone=None), Told()
    payout_id = accepted(tx, now, party=party)
    pay(Within(tx), payout_id, now, wired(wire))
    assert (row(tx, payout_id).state, wire.orders, events(tx, "payout_due")) == ("no_phone", [], 0)
    owner = Party.parse(party)
    assert payouts.phone_given(tx, CIPHER, owner, now) == 0
    identity.keep_phone(tx, CIPHER, owner.id, PHONE, now, is_own=True)
    stranger = Party.parse(person(tx, now))
    assert [payouts.phone_given(tx, CIPHER, one, now) for one in (stranger, owner, owner)] == [0, 1, 0]
    assert events(tx, "payout_due") == 1
    pay(Within(tx), payout_id, now, wired(wire))
    assert row(tx, payout_id).state == "succeeded"


def test_a_list_is_paid_by_a_person(tx: Session, now: datetime) -> None:
    payout_id = accepted(tx, now, "manual")
    for _ in range(2):
        pay(Within(tx), payout_id, now, wired())
    assert row(tx, payout_id).state == "waiting"
    assert balances(tx, row(tx, payout_id).party) == {"cashback:autumn": 500, "payout": -500}


def test_a_provider_that_is_switched_off_is_waited_for(tx: Session, now: datetime) -> None:
    payout_id = accepted(tx, now)
    with pytest.raises(TryLater):
        pay(Within(tx), payout_id, now, {})
    assert row(tx, payout_id).state == "created"


def test_a_currency_that_the_provider_does_not_pay_fails_without_a_call(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told(currencies=frozenset({"EUR"}))
    pay(Within(tx), payout_id, now, wired(wire))
    assert (row(tx, payout_id).state, wire.orders) == ("failed", [])


def test_the_days_number_is_not_passed(tx: Session, now: datetime) -> None:
    ids, wire = [accepted(tx, now, payout) for payout in ("portmone", "balance", "portmone", "balance")], Told()
    for payout_id in ids[:2]:
        pay(Within(tx), payout_id, now, wired(wire), most=2)
    for payout_id in ids[2:]:
        with pytest.raises(TryLater) as wait:
            pay(Within(tx), payout_id, now, wired(wire), most=2)
        assert wait.value.after == 12 * 3600  # it is noon
    assert events(tx, "payouts_capped") == 1
    for payout_id in ids[2:]:
        pay(Within(tx), payout_id, now + timedelta(hours=12), wired(wire), most=2)
    assert [row(tx, payout_id).state for payout_id in ids] == ["succeeded"] * 4


def test_what_did_not_leave_does_not_count_for_the_day(tx: Session, now: datetime) -> None:
    first, second = accepted(tx, now), accepted(tx, now)
    wire = Told(answer=raises(NotSent("no route")))
    with pytest.raises(NotSent):
        pay(Within(tx), first, now, wired(wire), most=1)
    wire.answer = lambda order: Paid("bill")
    pay(Within(tx), second, now, wired(wire), most=1)
    assert row(tx, second).state == "succeeded"
