"""Bonus tokens expire by the postings alone: the oldest is spent first, what is left of it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from services import ledger, wallet
from services.identity import Party
from services.platform.errors import KioskError
from services.wallet.bonus import left_of
from tests.factories import make_user
from tests.services.wallet.token_shop import DAY, give, left, news, put_on_sale

SWEEP = wallet.BonusSweepDue()


@pytest.fixture
def party(tx: Session, now: datetime) -> Party:
    put_on_sale(tx, now)
    return make_user(tx, now).party


def sweep(tx: Session, now: datetime, days: int = 90) -> int:
    tx.flush()
    tx.expire_all()
    return wallet.expire_bonus(tx, SWEEP, now, days)


def test_what_was_not_spent_in_time_goes_once(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, bonus=20, tokens=5)
    give(tx, party, now + 10 * DAY, bonus=30)
    wallet.spend(tx, party, 8, reference="s", description="x", now=now + 11 * DAY)
    assert [(one.at, one.tokens) for one in wallet.expiring(tx, party, 90)] == [
        (now + 90 * DAY, 12),
        (now + 100 * DAY, 30),
    ]
    assert sweep(tx, now + 90 * DAY - timedelta(seconds=1)) == 0
    assert sweep(tx, now + 90 * DAY) == 1
    assert sweep(tx, now + 90 * DAY) == 0
    assert left(tx, party) == (5, 30)
    (entry, _back) = ledger.find(tx, kind="bonus_expired", reference=f"{party}:{(now + 90 * DAY).date()}")
    assert (entry.account, entry.amount.minor) == (f"bonus:{party}", 12)
    assert sweep(tx, now + 100 * DAY) == 1
    assert left(tx, party) == (5, 0)
    assert ledger.prove(tx) == []


def test_a_day_takes_once_and_the_rest_goes_the_next(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, bonus=20)
    give(tx, party, now + timedelta(hours=2), bonus=7)
    assert sweep(tx, now + 90 * DAY) == 1
    assert sweep(tx, now + 90 * DAY + timedelta(hours=3)) == 0
    assert left(tx, party) == (0, 7)
    assert sweep(tx, now + 91 * DAY) == 1
    assert left(tx, party) == (0, 0)


def test_zero_days_are_for_ever(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, bonus=20)
    assert sweep(tx, now + 9999 * DAY, days=0) == 0
    assert wallet.expiring(tx, party, 0) == []
    assert left(tx, party) == (0, 20)


def test_long_lists_go_on_with_the_next_event(tx: Session, now: datetime) -> None:
    people = [make_user(tx, now).party for _ in range(5)]
    for party in people:
        give(tx, party, now, bonus=10)
    tx.flush()
    later, taken, events = now + 90 * DAY, 0, [SWEEP]
    for event in events:
        before = len(news(tx, wallet.BonusSweepDue))
        taken += wallet.expire_bonus(tx, event, later, 90, limit=2)
        events += news(tx, wallet.BonusSweepDue)[before:]
    assert (taken, len(events)) == (5, 3)
    assert {left(tx, party) for party in people} == {(0, 0)}


EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.lists(st.integers(-50, 50).filter(bool), max_size=40))
def test_what_is_left_is_the_newest_of_what_came(minors: list[int]) -> None:
    postings = [(EPOCH + number * DAY, minor) for number, minor in enumerate(minors)]
    lots = left_of(postings)
    came = {at: -minor for at, minor in postings if minor < 0}
    assert [at for at, _ in lots] == sorted(at for at, _ in lots)
    assert all(0 < tokens <= came[at] for at, tokens in lots)
    assert all(tokens == came[at] for at, tokens in lots[1:]), "only the oldest is begun"
    total = -sum(minors)
    if total > 0:
        assert sum(tokens for _, tokens in lots) == total
    else:
        assert lots == [] or sum(tokens for _, tokens in lots) >= total


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-50, 50).filter(bool)), max_size=30), st.integers(1, 60))
def test_expiring_leaves_exactly_the_young(moves: list[tuple[int, int]], life: int) -> None:
    """The posting that takes them is a debit like any other: what it uses up are the lots that are over."""
    at, postings = EPOCH, []
    for days, minor in moves:
        at += days * DAY
        postings.append((at, minor))
    before = left_of(postings)
    over = sum(tokens for when, tokens in before if when + life * DAY <= at)
    after = left_of([*postings, (at, over)] if over else postings)
    assert after == [(when, tokens) for when, tokens in before if when + life * DAY > at]


def test_operators_give_and_take(tx: Session, now: datetime, party: Party) -> None:
    def adjust(tokens: int, reference: str, *, force: bool = False) -> wallet.Balance:
        return wallet.adjust(
            tx, party, tokens, reason="a mistake", actor="console:op", reference=reference, now=now, force=force
        )

    assert adjust(50, "1").tokens == 50
    assert adjust(50, "1").tokens == 50, "the same again"
    give(tx, party, now, bonus=5)
    with pytest.raises(ledger.Insufficient):
        adjust(-51, "2")
    assert adjust(-51, "3", force=True).tokens == -1
    for tokens in (0, 10**13):
        with pytest.raises(KioskError):
            adjust(tokens, "4")
    assert left(tx, party) == (-1, 5)
    assert [event.tokens for event in news(tx, wallet.BalanceAdjusted)] == [50, -51]
    lines = [(line.kind, line.total, line.description) for line in wallet.history(tx, party)]
    assert lines == [("adjustment", -51, "a mistake"), ("test_gift", 5, None), ("adjustment", 50, "a mistake")]
    audited = tx.execute(text("SELECT action, subject, detail FROM audit_log ORDER BY id"))
    assert [(row.action, row.subject, row.detail["tokens"], row.detail["force"]) for row in audited] == [
        ("wallet.adjust", str(party), 50, False),
        ("wallet.adjust", str(party), -51, True),
    ]


def test_history_goes_back_in_pages_and_is_each_ones_own(tx: Session, now: datetime, party: Party) -> None:
    other = make_user(tx, now).party
    give(tx, party, now, tokens=10, bonus=2)
    give(tx, other, now, tokens=99)
    for number in range(4):
        wallet.spend(tx, party, number + 1, reference=f"r{number}", description=f"n{number}", now=now)
    first = wallet.history(tx, party, limit=3)
    second = wallet.history(tx, party, before=first[-1].id, limit=3)
    assert [line.total for line in (*first, *second)] == [-4, -3, -2, -1, 2, 10]
    assert (first[2].bonus, first[2].tokens) == (-1, -1)
    assert [line.total for line in wallet.history(tx, other)] == [99]
