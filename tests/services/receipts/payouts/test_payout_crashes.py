"""Killed between any two steps, twenty at once, in any order: one bonus, one payout."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services import billing
from services.platform.db import Database
from services.platform.errors import KioskError, TryLater
from services.platform.money import Money
from services.receipts import PayoutFailed, ReceiptAccepted, note_not_paid, payouts
from services.receipts.payouts import DECISIONS, News
from services.receipts.payouts.outcomes import ENDS
from services.receipts.payouts.pay import LEASE
from services.receipts.payouts.providers.base import NotSent, Order, Paid, Refused, Unknown
from tests.factories import at_once
from tests.services.receipts.payouts.till import (
    CIPHER,
    Told,
    Within,
    accepted,
    balances,
    events,
    pay,
    person,
    row,
    wired,
)


class Killed(BaseException):
    """Nobody catches it, as nobody catches SIGKILL."""


class Dying(Within):
    """Killed at step `at`: the even ones are before a commit, the odd ones after it."""

    def __init__(self, tx: Session, at: int) -> None:
        super().__init__(tx)
        self.left = at

    @contextmanager
    def begin(self) -> Iterator[Session]:
        with super().begin() as tx:
            yield tx
            self.step()
        self.step()

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


@pytest.mark.parametrize("payout", ["balance", "portmone", "manual"])
@pytest.mark.parametrize("at", range(5))
def test_killed_between_any_two_steps(tx: Session, now: datetime, payout: str, at: int) -> None:
    payout_id, wire, dying = accepted(tx, now, payout), Told(), Dying(tx, at)

    def answer(order: Order) -> Paid:
        return Paid(f"bill-{order.reference}")

    wire.answer = answer
    try:
        pay(dying, payout_id, now, wired(wire))
    except Killed:
        pass
    for seconds in (0, 1, LEASE.total_seconds(), 10 * LEASE.total_seconds()):
        try:
            pay(Within(tx), payout_id, now + timedelta(seconds=seconds), wired(wire))
        except TryLater:
            assert row(tx, payout_id).state == "sent"
    ends = {"balance": {"succeeded"}, "manual": {"waiting"}, "portmone": {"succeeded", "unknown"}}
    assert row(tx, payout_id).state in ends[payout]
    assert len(wire.orders) <= 1
    assert (row(tx, payout_id).state == "unknown") == (payout == "portmone" and at in (1, 2))
    assert billing.check_books(tx) + payouts.check_payouts(tx) == []


def test_twenty_workers_at_once_call_once(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        party = person(tx, now)
        payout_id = accepted(tx, now, party=party)
    turned_away = threading.Event()

    def slow(order: Order) -> Paid:
        assert turned_away.wait(20), "nobody found the call under way"
        return Paid(f"bill-{order.reference}")

    wire = Told(answer=slow)

    def deliver(_: int) -> bool:
        try:
            pay(db, payout_id, now, wired(wire))
        except TryLater:
            turned_away.set()
            return False
        return True

    at_once(20, deliver)
    assert len(wire.orders) == 1
    with db.begin() as tx:
        assert row(tx, payout_id).state == "succeeded"
        assert balances(tx, party) == {"cashback:autumn": 500, "clearing:portmone": -500}


def test_twenty_orders_at_once_promise_once(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        party = person(tx, now)
    event = ReceiptAccepted(receipt_id=7, party=party, campaign="autumn", minor=500, currency="UAH", payout="balance")

    def order(_: int) -> int | None:
        with db.begin() as tx:
            return payouts.order_payout(tx, CIPHER, event, now)

    assert sum(one is not None for one in at_once(20, order)) == 1
    with db.begin() as tx:
        assert balances(tx, party) == {"cashback:autumn": 500, "payout": -500}
        assert events(tx, "payout_due") == 1


def test_the_days_number_holds_for_all_at_once(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        party = person(tx, now)
        ids = [accepted(tx, now, "balance", party=party) for _ in range(12)]

    def deliver(number: int) -> bool:
        try:
            pay(db, ids[number], now, wired(), most=5)
        except TryLater:
            return False
        return True

    assert sum(at_once(len(ids), deliver)) == 5
    with db.begin() as tx:
        assert events(tx, "payouts_capped") == 1
        assert balances(tx, party)["wallet"] == -2500


# --- any order --------------------------------------------------------------------------------------------------------

ANSWERS = ("paid", "refused", "not_sent", "lost_paid", "lost_unpaid", "died_paid", "died_unpaid")
STEP = st.one_of(
    st.tuples(st.just("deliver"), st.sampled_from(ANSWERS)),
    st.tuples(st.just("wait"), st.just("")),
    st.tuples(st.just("callback"), st.sampled_from(("paid", "refused"))),
    st.tuples(st.just("earlier"), st.sampled_from(("paid", "refused"))),
    st.tuples(st.just("decide"), st.sampled_from(DECISIONS)),
    st.tuples(st.just("reverse"), st.just("")),
)


class Story:
    """One payout, and what truly happened at the other side."""

    def __init__(self, tx: Session, now: datetime) -> None:
        self.tx, self.now, self.id, self.paid, self.next = tx, now, accepted(tx, now), 0, "paid"
        self.wire = Told(answer=self._answer)

    def _answer(self, order: Order) -> Paid:
        self.paid += self.next in ("paid", "lost_paid", "died_paid")
        match self.next:
            case "paid":
                return Paid(f"bill-{order.reference}")
            case "refused":
                raise Refused("1007")
            case "not_sent":
                raise NotSent("no route")
            case "lost_paid" | "lost_unpaid":
                raise Unknown("ReadTimeout")
        raise Killed

    @property
    def state(self) -> str:
        return row(self.tx, self.id).state

    def deliver(self, answer: str) -> None:
        self.next = answer
        try:
            pay(Within(self.tx), self.id, self.now, wired(self.wire))
        except (TryLater, Killed):
            pass

    def wait(self, _: str) -> None:
        self.now += LEASE

    def callback(self, said: str, attempt: int | None = None) -> None:
        """True or not: whoever knows the token says it."""
        attempt = attempt or max(1, row(self.tx, self.id).attempt)
        told = News(f"bill-{self.id}.{attempt}", said == "paid", f"{self.id}.{attempt}", Money(500, "UAH"), "1007")
        payouts.hear(self.tx, "portmone", told, self.now)

    def earlier(self, said: str) -> None:
        self.callback(said, 1)

    def decide(self, outcome: str) -> None:
        """By somebody who has looked at the provider's list."""
        true = {"paid": self.paid > 0, "cancel": True}.get(outcome, self.paid == 0)
        if not true:
            return
        if self.state in ("failed", "canceled"):
            failed = PayoutFailed(payout_id=self.id, receipt_id=row(self.tx, self.id).receipt_id, reason="x")
            note_not_paid(self.tx, failed, self.now)
        with refused():
            payouts.decide_payout(
                self.tx,
                CIPHER,
                self.id,
                outcome,
                actor="operator:1",
                reason="looked",
                now=self.now,  # type: ignore[arg-type]  # of DECISIONS
            )

    def reverse(self, _: str) -> None:
        with refused():
            receipt_id = row(self.tx, self.id).receipt_id
            payouts.reverse_payout(self.tx, receipt_id, actor="operator:1", reason="fraud", now=self.now)


@contextmanager
def refused() -> Iterator[None]:
    try:
        yield
    except KioskError:
        pass


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=8))
def test_in_any_order_it_is_paid_once(tx: Session, now: datetime, steps: list[tuple[str, str]]) -> None:
    with tx.begin_nested() as whole:
        story = Story(tx, now)
        for what, how in steps:
            before = story.state
            getattr(story, what)(how)
            if before in ENDS and what not in ("decide", "reverse"):
                assert story.state == before, "an end stays"
            if before == "unknown" and what in ("deliver", "wait"):
                assert story.state == "unknown", "nobody knows more by trying"
            if story.state == "reversed":
                assert row(tx, story.id).provider == "balance", "from elsewhere nothing comes back"
            to_balance = row(tx, story.id).provider == "balance" and story.state == "succeeded"
            assert story.paid + to_balance <= 1, "paid once"
        assert payouts.check_payouts(tx) == []
        whole.rollback()
