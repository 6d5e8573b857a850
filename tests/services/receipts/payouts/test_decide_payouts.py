"""What a person may decide, and what nobody may any more."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services import identity, receipts
from services.identity import Party
from services.platform.audit import AuditRow
from services.receipts import NotPayable, NotReversible, PayoutFailed, payouts, rules
from services.receipts.models import ReceiptRow
from services.receipts.payouts.decide import DECISIONS, FROM, Decision
from services.receipts.payouts.errors import PayoutDecided, PayoutNotFound
from services.receipts.payouts.providers.base import Paid, Refused, Unknown
from tests.services.receipts.payouts.till import (
    CIPHER,
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
from tests.services.receipts.rules.made import accepted as promised
from tests.services.receipts.rules.made import imported

STATES = ("created", "no_phone", "waiting", "sent", "unknown", "succeeded", "failed", "canceled", "reversed")


def decide(tx: Session, payout_id: int, outcome: Decision, now: datetime) -> None:
    payouts.decide_payout(tx, CIPHER, payout_id, outcome, actor="operator:1", reason="looked", now=now)


def unknown(tx: Session, now: datetime, wire: Told | None = None) -> int:
    payout_id, wire = accepted(tx, now), wire or Told()
    wire.answer = raises(Unknown("ReadTimeout"))
    pay(Within(tx), payout_id, now, wired(wire))
    return payout_id


def failed(tx: Session, now: datetime, wire: Told | None = None) -> int:
    """Refused, and the core has given the budget back."""
    payout_id, wire = accepted(tx, now), wire or Told()
    wire.answer = raises(Refused("1007"))
    pay(Within(tx), payout_id, now, wired(wire))
    take_note(tx, payout_id, now)
    return payout_id


def take_note(tx: Session, payout_id: int, now: datetime) -> None:
    receipts.note_not_paid(
        tx, PayoutFailed(payout_id=payout_id, receipt_id=row(tx, payout_id).receipt_id, reason="x"), now
    )


def test_what_nobody_knew_was_paid(tx: Session, now: datetime) -> None:
    payout_id = unknown(tx, now)
    decide(tx, payout_id, "paid", now)
    payout = row(tx, payout_id)
    assert payout.state == "succeeded"
    assert balances(tx, payout.party) == {"cashback:autumn": 500, "clearing:portmone": -500}
    assert events(tx, "payout_succeeded") == 1


def test_what_nobody_knew_was_not_paid_and_is_tried_again(tx: Session, now: datetime) -> None:
    wire = Told()
    payout_id = unknown(tx, now, wire)
    decide(tx, payout_id, "not_paid", now)
    assert (row(tx, payout_id).state, row(tx, payout_id).code) == ("failed", "not_paid")
    assert balances(tx, row(tx, payout_id).party) == {}
    take_note(tx, payout_id, now)
    decide(tx, payout_id, "retry", now)
    wire.answer = lambda order: Paid("bill")
    pay(Within(tx), payout_id, now, wired(wire))
    assert row(tx, payout_id).state == "succeeded"
    assert [one.reference for one in wire.orders] == [f"{payout_id}.1", f"{payout_id}.2"]
    assert balances(tx, row(tx, payout_id).party) == {"cashback:autumn": 500, "clearing:portmone": -500}
    assert payouts.check_payouts(tx) == []


def test_a_new_try_goes_to_the_phone_of_now(tx: Session, now: datetime) -> None:
    wire = Told()
    payout_id = failed(tx, now, wire)
    identity.keep_phone(tx, CIPHER, Party.parse(row(tx, payout_id).party).id, "0501112233", now, is_own=True)
    decide(tx, payout_id, "retry", now)
    pay_again = Told()
    pay(Within(tx), payout_id, now, wired(pay_again))
    assert [one.phone for one in wire.orders + pay_again.orders] == ["380671234567", "380501112233"]


def test_a_decision_is_in_the_audit_log(tx: Session, now: datetime) -> None:
    payout_id = unknown(tx, now)
    decide(tx, payout_id, "paid", now)
    line = tx.scalars(select(AuditRow).where(AuditRow.subject == f"payout:{payout_id}")).one()
    assert (line.actor, line.action) == ("operator:1", "payout.decide")
    assert line.detail == {"outcome": "paid", "before": "unknown", "reason": "looked"}


@pytest.mark.parametrize("outcome", DECISIONS)
def test_only_what_stands_so_can_be_decided(tx: Session, now: datetime, outcome: Decision) -> None:
    payout_id = accepted(tx, now)
    for state in set(STATES) - FROM[outcome]:
        row(tx, payout_id).state = state
        with pytest.raises(PayoutDecided):
            decide(tx, payout_id, outcome, now)
        assert row(tx, payout_id).state == state
    for nobody in (0, -1, payout_id + 1000, 2**63):
        with pytest.raises(PayoutNotFound):
            decide(tx, nobody, outcome, now)


def test_what_failed_waits_until_its_budget_is_back(tx: Session, now: datetime) -> None:
    """Otherwise the failure, told a moment later, would take the budget of what is under way again."""
    payout_id = accepted(tx, now)
    pay(Within(tx), payout_id, now, wired(Told(answer=raises(Refused("1007")))))
    with pytest.raises(PayoutDecided):
        decide(tx, payout_id, "retry", now)


def test_what_is_tried_again_takes_its_budget_again(tx: Session, now: datetime) -> None:
    """10.00 in all: 5.00 of it and 5.00 of another fit, 6.00 of a third do not."""
    autumn = imported(tx, "autumn", budget="10.00")
    wire = Told(answer=raises(Refused("1007")))
    payout_id = accepted(tx, now)
    receipt_id, party = row(tx, payout_id).receipt_id, row(tx, payout_id).party
    assert rules.take(tx, promised(autumn, 500), receipt_id, [party], now)
    pay(Within(tx), payout_id, now, wired(wire))
    take_note(tx, payout_id, now)
    assert rules.take(tx, promised(autumn, 500), receipt_id + 1000, ["user:1"], now)
    decide(tx, payout_id, "retry", now)
    assert rules.standing(tx, "autumn").spent.minor == 1000
    assert rules.usage(tx, autumn, [party], now).of("day").count == 1
    assert tx.get_one(ReceiptRow, receipt_id).state == "paying"
    pay(Within(tx), payout_id, now, wired(wire))
    take_note(tx, payout_id, now)
    assert rules.standing(tx, "autumn").spent.minor == 500
    assert rules.take(tx, promised(autumn, 1), receipt_id + 1001, ["user:2"], now)
    with pytest.raises(NotPayable):
        decide(tx, payout_id, "retry", now)
    assert rules.standing(tx, "autumn").spent.minor == 501
    assert len(wire.orders) == 2
    assert payouts.check_payouts(tx) == []


def test_what_was_given_back_is_taken_again_once(tx: Session, now: datetime) -> None:
    autumn = imported(tx, "autumn", budget="10.00")
    rules.take_again(tx, 4711, ["user:1"], now)
    assert rules.take(tx, promised(autumn, 400), 4711, ["user:1"], now)
    spent = []
    for taken in (True, False, True, True):
        if taken:
            rules.take_again(tx, 4711, ["user:1"], now)
        else:
            rules.give_back(tx, 4711, now)
        spent.append(rules.standing(tx, "autumn").spent.minor)
    assert spent == [400, 0, 400, 400]


@pytest.mark.parametrize("how", ["created", "no_phone", "waiting", "failed", "canceled"])
def test_it_may_go_to_the_balance_instead(tx: Session, now: datetime, how: str) -> None:
    party = person(tx, now, phone=None if how == "no_phone" else "0671234567")
    payout_id = accepted(tx, now, "manual" if how == "waiting" else "portmone", party=party)
    if how == "waiting":
        pay(Within(tx), payout_id, now, wired())
    elif how == "failed":
        pay(Within(tx), payout_id, now, wired(Told(answer=raises(Refused("1007")))))
        take_note(tx, payout_id, now)
    elif how == "canceled":
        decide(tx, payout_id, "cancel", now)
        take_note(tx, payout_id, now)
    assert row(tx, payout_id).state == how
    decide(tx, payout_id, "to_balance", now)
    pay(Within(tx), payout_id, now, wired())
    assert row(tx, payout_id).state == "succeeded"
    assert balances(tx, party) == {"cashback:autumn": 500, "wallet": -500}
    with pytest.raises(PayoutDecided):
        decide(tx, payout_id, "to_balance", now)


def test_a_canceled_one_is_never_paid(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told()
    decide(tx, payout_id, "cancel", now)
    pay(Within(tx), payout_id, now, wired(wire))
    assert (row(tx, payout_id).state, wire.orders, balances(tx, row(tx, payout_id).party)) == ("canceled", [], {})
    assert events(tx, "payout_failed") == 1


# --- taking back ------------------------------------------------------------------------------------------------------


def reverse(tx: Session, payout_id: int, now: datetime) -> bool:
    receipt_id = row(tx, payout_id).receipt_id
    return payouts.reverse_payout(tx, receipt_id, actor="operator:1", reason="fraud", now=now)


def test_a_balance_is_taken_back_once_even_when_it_was_spent(tx: Session, now: datetime) -> None:
    payout_id = accepted(tx, now, "balance")
    pay(Within(tx), payout_id, now, wired())
    assert [reverse(tx, payout_id, now) for _ in range(2)] == [True, False]
    assert (row(tx, payout_id).state, balances(tx, row(tx, payout_id).party)) == ("reversed", {})
    pay(Within(tx), payout_id, now, wired())
    assert balances(tx, row(tx, payout_id).party) == {}
    assert payouts.check_payouts(tx) == []


def test_what_has_not_begun_is_stopped(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told()
    assert reverse(tx, payout_id, now)
    pay(Within(tx), payout_id, now, wired(wire))
    assert (row(tx, payout_id).state, wire.orders, balances(tx, row(tx, payout_id).party)) == ("canceled", [], {})
    assert events(tx, "payout_failed") == 0, "who takes it back gives the budget back"


def test_what_left_the_house_does_not_come_back(tx: Session, now: datetime) -> None:
    paid, lost = accepted(tx, now), unknown(tx, now)
    pay(Within(tx), paid, now, wired())
    for payout_id in (paid, lost, failed(tx, now)):
        before = row(tx, payout_id).state
        with pytest.raises(NotReversible):
            reverse(tx, payout_id, now)
        assert row(tx, payout_id).state == before
    with pytest.raises(NotReversible):
        payouts.reverse_payout(tx, 2**40, actor="operator:1", reason="fraud", now=now)
