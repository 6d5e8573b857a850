"""Whose days are whose: whatever is bought and refunded in whatever order, nobody's other days are touched."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.subscriptions.timeline import NOTHING, Change, Stretch, removable, share, stretches

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def bought(*days: int) -> list[Change]:
    changes, end = [], None
    for number, length in enumerate(days, 1):
        begins = end or START
        changes.append(Change("extended", START, number, end, begins + length * DAY))
        end = begins + length * DAY
    return changes


def test_orders_follow_each_other() -> None:
    assert stretches(bought(30, 10)) == [
        Stretch(1, START, START + 30 * DAY),
        Stretch(2, START + 30 * DAY, START + 40 * DAY),
    ]


def test_after_a_lapse_the_next_one_begins_when_it_was_bought() -> None:
    again = START + 50 * DAY
    changes = [*bought(30), Change("extended", again, 2, START + 30 * DAY, again + 30 * DAY)]
    assert stretches(changes)[1] == Stretch(2, again, again + 30 * DAY)


def test_days_that_are_over_are_not_given_back() -> None:
    found = stretches(bought(30, 10))
    assert removable(found, 1, START + 10 * DAY) == 20 * DAY
    assert removable(found, 2, START + 10 * DAY) == 10 * DAY
    assert removable(found, 1, START + 35 * DAY) == NOTHING
    assert removable(found, 3, START) == NOTHING


def test_a_part_of_the_money_is_that_part_of_the_time() -> None:
    found = stretches(bought(30))
    assert share(found, 1, START, 1, 3) == 10 * DAY
    assert share(found, 1, START, 1, 7) == timedelta(seconds=30 * 86400 // 7)
    assert share(found, 1, START + 25 * DAY, 1, 3) == 5 * DAY, "no more than is left"
    assert share(found, 1, START + 25 * DAY, 3, 3) == 5 * DAY


@given(
    st.lists(st.integers(1, 90), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 200), st.integers(1, 10)), max_size=8),
)
def test_refunds_take_their_own_days_only(days: list[int], refunds: list[tuple[int, int, int]]) -> None:
    changes = bought(*days)
    paid_for = {number: length * DAY for number, length in enumerate(days, 1)}
    end, now = START + sum(days) * DAY, START
    for invoice, later, part in refunds:
        now = max(now, START + later * DAY)
        found = stretches(changes)
        taken = share(found, invoice, now, part, 10)
        if taken == NOTHING:
            continue
        changes.append(Change("shortened", now, invoice, end, end - taken, taken))
        end -= taken
        paid_for[invoice] -= taken
    found = stretches(changes)
    assert [one.ends - one.begins for one in found] == list(paid_for.values())
    assert found[-1].ends == end
    assert all(one.ends == after.begins for one, after in itertools.pairwise(found))
    assert all(length >= NOTHING for length in paid_for.values())
