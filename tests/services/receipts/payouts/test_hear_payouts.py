"""Callbacks: late, twice, out of order, of nobody, and against what has ended."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.platform.audit import AuditRow
from services.platform.money import Money
from services.receipts import payouts
from services.receipts.payouts import News
from services.receipts.payouts.outcomes import ENDS
from services.receipts.payouts.providers.base import BadCallback, NotSent, Order, Paid, Refused, Unknown
from services.receipts.payouts.providers.rsp import read_rsp
from tests.contracts.payout_sides import answering
from tests.services.receipts.payouts.till import (
    CIPHER,
    Told,
    Within,
    accepted,
    balances,
    events,
    pay,
    raises,
    row,
    wired,
)

PAID, NOT_PAID = True, False


def sent(tx: Session, now: datetime, error: Exception | None = None) -> int:
    """One that has been called for: paid as bill-<id>.1, or as the error says."""
    payout_id, wire = accepted(tx, now), Told()
    if error:
        wire.answer = raises(error)
    pay(Within(tx), payout_id, now, wired(wire))
    return payout_id


def news(payout_id: int, *, paid: bool, attempt: int = 1, **more: object) -> News:
    said = {"reference": f"Kiosk {payout_id}.{attempt}", "amount": Money(500, "UAH")} | more
    return News(f"bill-{payout_id}.{attempt}", paid, **said)  # type: ignore[arg-type]  # as the tests give them


def contradictions(tx: Session, payout_id: int) -> tuple[int, int]:
    """(in the audit log, told)"""
    lines = select(func.count()).where(
        AuditRow.subject == f"payout:{payout_id}", AuditRow.action == "payout.contradicted"
    )
    return tx.scalar(lines) or 0, events(tx, "payout_contradicted")


@pytest.mark.parametrize(("paid", "state"), [(PAID, "succeeded"), (NOT_PAID, "failed")])
def test_what_nobody_knew_is_told_later(tx: Session, now: datetime, paid: bool, state: str) -> None:
    payout_id = sent(tx, now, Unknown("ReadTimeout"))
    for _ in range(3):
        assert payouts.hear(tx, "portmone", news(payout_id, paid=paid, code="1007"), now)
    assert row(tx, payout_id).state == state
    assert (events(tx, "payout_succeeded"), events(tx, "payout_failed")) == (int(paid), int(not paid))
    assert contradictions(tx, payout_id) == (0, 0)
    assert payouts.check_payouts(tx) == []


def test_a_callback_may_overtake_the_answer(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told()

    def answer(order: Order) -> Paid:
        payouts.hear(tx, "portmone", news(payout_id, paid=PAID), now)
        return Paid(f"bill-{order.reference}")

    wire.answer = answer
    pay(Within(tx), payout_id, now, wired(wire))
    assert row(tx, payout_id).state == "succeeded"
    assert events(tx, "payout_succeeded") == 1
    assert contradictions(tx, payout_id) == (0, 0)


@pytest.mark.parametrize("end", sorted(ENDS))
def test_an_end_stays_whatever_is_said(tx: Session, now: datetime, end: str) -> None:
    payout_id = sent(tx, now)
    row(tx, payout_id).state = end
    before = balances(tx, row(tx, payout_id).party)
    against = NOT_PAID if end in ("succeeded", "reversed") else PAID
    for _ in range(3):
        payouts.hear(tx, "portmone", news(payout_id, paid=against), now)
    assert row(tx, payout_id).state == end
    assert balances(tx, row(tx, payout_id).party) == before
    assert contradictions(tx, payout_id) == (1, 1)


def test_a_second_bill_of_a_paid_one_is_told(tx: Session, now: datetime) -> None:
    payout_id = sent(tx, now)
    payouts.hear(tx, "portmone", News("another-bill", PAID, f"Kiosk {payout_id}.1"), now)
    assert row(tx, payout_id).external_id == f"bill-{payout_id}.1"
    assert contradictions(tx, payout_id) == (1, 1)


def test_what_went_to_the_balance_meanwhile_is_not_paid_by_a_callback(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told(answer=raises(NotSent("no route")))
    with pytest.raises(NotSent):
        pay(Within(tx), payout_id, now, wired(wire))
    payouts.decide_payout(tx, CIPHER, payout_id, "to_balance", actor="operator:1", reason="asked", now=now)
    payouts.hear(tx, "portmone", news(payout_id, paid=PAID), now)
    assert row(tx, payout_id).state == "created"
    assert contradictions(tx, payout_id) == (1, 1)


def test_a_late_success_makes_the_next_call_needless(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told(answer=raises(NotSent("no route")))
    with pytest.raises(NotSent):
        pay(Within(tx), payout_id, now, wired(wire))
    payouts.hear(tx, "portmone", news(payout_id, paid=PAID), now)
    pay(Within(tx), payout_id, now, wired(wire))
    assert (row(tx, payout_id).state, len(wire.orders)) == ("succeeded", 1)


def test_an_earlier_calls_failure_says_nothing_of_the_next(tx: Session, now: datetime) -> None:
    payout_id, wire = accepted(tx, now), Told(answer=raises(NotSent("no route")))
    with pytest.raises(NotSent):
        pay(Within(tx), payout_id, now, wired(wire))
    wire.answer = raises(Unknown("ReadTimeout"))
    pay(Within(tx), payout_id, now, wired(wire))
    payouts.hear(tx, "portmone", news(payout_id, paid=NOT_PAID, attempt=1), now)
    assert row(tx, payout_id).state == "unknown"


@pytest.mark.parametrize("state", ["unknown", "sent"])
def test_an_earlier_calls_success_beside_an_open_one_is_told(tx: Session, now: datetime, state: str) -> None:
    """Perhaps it was paid twice: only a person can find out."""
    payout_id, wire = accepted(tx, now), Told(answer=raises(NotSent("no route")))
    with pytest.raises(NotSent):
        pay(Within(tx), payout_id, now, wired(wire))
    wire.answer = raises(Unknown("ReadTimeout"))
    pay(Within(tx), payout_id, now, wired(wire))
    row(tx, payout_id).state = state
    payouts.hear(tx, "portmone", news(payout_id, paid=PAID, attempt=1), now)
    assert row(tx, payout_id).state == state
    assert contradictions(tx, payout_id) == (1, 1)


def test_without_our_reference_the_bill_names_it(tx: Session, now: datetime) -> None:
    payout_id = sent(tx, now)
    assert payouts.hear(tx, "portmone", News(f"bill-{payout_id}.1", NOT_PAID), now)
    assert contradictions(tx, payout_id) == (1, 1)


def test_what_is_not_ours_changes_nothing(tx: Session, now: datetime) -> None:
    payout_id = sent(tx, now, Unknown("ReadTimeout"))
    twin = [sent(tx, now), sent(tx, now)]
    for one in twin:
        row(tx, one).external_id = "the same"
    for strange in (
        News("bill-nobody", PAID),
        News("the same", NOT_PAID),
        news(payout_id, paid=PAID, attempt=2),
        news(payout_id, paid=PAID, amount=Money(50000, "UAH")),
        news(payout_id, paid=PAID, amount=Money(500, "EUR")),
        news(10**17, paid=PAID),
        News("x", PAID, reference=f"Kiosk {payout_id}.1; DROP"),
        News("x", PAID, reference="Kiosk 99999999999999999999.1"),
    ):
        assert not payouts.hear(tx, "portmone", strange, now)
    assert row(tx, payout_id).state == "unknown"
    assert events(tx, "payout_contradicted") == 0


def test_a_refused_one_that_was_paid_is_told(tx: Session, now: datetime) -> None:
    payout_id = sent(tx, now, Refused("1007"))
    payouts.hear(tx, "portmone", news(payout_id, paid=PAID), now)
    assert (row(tx, payout_id).state, balances(tx, row(tx, payout_id).party)) == ("failed", {})
    assert contradictions(tx, payout_id) == (1, 1)


# --- what is read -----------------------------------------------------------------------------------------------------


def test_a_callback_is_read() -> None:
    import httpx

    wire = answering(httpx.Response(500))
    said = wire.read_callback(
        b'<rsp status="fail"><error code="1007">no</error><bill><billId>7</billId><amount>5.00</amount>'
        b"<currency>UAH</currency><comment>Kiosk 12.1</comment></bill></rsp>"
    )
    assert said == News("7", NOT_PAID, "Kiosk 12.1", Money(500, "UAH"), "1007")
    for bad in (
        b'<rsp status="ok"/>',
        b'<rsp status="ok"><bill><billId>7</billId><amount>5,00</amount></bill></rsp>',
        b"status=ok&billId=7",
        b'<rsp status="ok"><bill><billId>7</billId><currency>XXX</currency><amount>1</amount></bill></rsp>',
    ):
        with pytest.raises(BadCallback):
            wire.read_callback(bad)


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE rsp [<!ENTITY a "b">]><rsp status="ok"><bill><billId>&a;</billId></bill></rsp>',
        b'<!DOCTYPE rsp SYSTEM "file:///etc/passwd"><rsp status="ok"/>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE rsp [<!ENTITY a "b">]><rsp status="ok"/>'.encode("utf-16"),
        b'<rsp status="ok">' + b"<a>" * 50 + b"</a>" * 50 + b"</rsp>",
    ],
)
def test_a_bomb_is_not_opened(body: bytes) -> None:
    with pytest.raises(BadCallback):
        read_rsp(body)


def test_a_code_that_is_no_code_is_not_kept() -> None:
    assert read_rsp(b'<rsp status="fail"><error code="380671234567 &lt;script&gt;"/></rsp>').code == "unspecified"
