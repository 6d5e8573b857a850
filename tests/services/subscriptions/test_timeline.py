"""Whose days are whose: whatever is bought and refunded in whatever order, nobody's other days are touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.platform.money import Money
from services.subscriptions.timeline import NOTHING, Account, Change, Portion, account, share

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PRICE = Money(30000, "RUB")


def bought(*days: int) -> list[Change]:
    changes, end = [], None
    for number, length in enumerate(days, 1):
        begins = end or START
        changes.append(Change("extended", START, f"invoice:{number}", end, begins + length * DAY, PRICE))
        end = begins + length * DAY
    return changes


def at(changes: list[Change], now: datetime) -> Account:
    found = account(changes, now)
    assert found is not None
    return found


def left(changes: list[Change], now: datetime) -> dict[str, timedelta]:
    return {one.source: one.left for one in at(changes, now).portions}


def test_an_empty_journal_has_no_account() -> None:
    assert account([], START) is None


def test_orders_are_used_up_one_after_the_other() -> None:
    changes = bought(30, 10)
    assert left(changes, START) == {"invoice:1": 30 * DAY, "invoice:2": 10 * DAY}
    assert left(changes, START + 10 * DAY) == {"invoice:1": 20 * DAY, "invoice:2": 10 * DAY}
    assert left(changes, START + 35 * DAY) == {"invoice:2": 5 * DAY}
    assert left(changes, START + 41 * DAY) == {}


def test_after_a_lapse_the_next_one_begins_when_it_was_bought() -> None:
    again = START + 50 * DAY
    changes = [*bought(30), Change("extended", again, "invoice:2", START + 30 * DAY, again + 30 * DAY, PRICE)]
    assert left(changes, again) == {"invoice:2": 30 * DAY}


def test_a_pause_keeps_what_is_left_to_the_microsecond() -> None:
    paused, resumed = START + timedelta(days=3, microseconds=7), START + 100 * DAY
    end = START + 30 * DAY
    changes = [*bought(30), Change("paused", paused, None, end, end)]
    assert left(changes, resumed) == {"invoice:1": end - paused}
    changes.append(Change("resumed", resumed, None, end, end + (resumed - paused)))
    assert left(changes, resumed) == {"invoice:1": end - paused}
    assert left(changes, resumed + DAY) == {"invoice:1": end - paused - DAY}


def test_a_change_of_tariff_leaves_what_it_says() -> None:
    portions = (Portion("invoice:1", 15 * DAY, 10 * DAY, PRICE),)
    changed = START + 10 * DAY
    changes = [*bought(30), Change("changed", changed, None, START + 30 * DAY, changed + 10 * DAY, None, portions)]
    assert left(changes, changed + DAY) == {"invoice:1": 9 * DAY}


def test_a_part_of_the_money_is_that_part_of_the_time() -> None:
    whole = Portion("invoice:1", 30 * DAY, 30 * DAY, PRICE)
    assert share(whole, 1, 3) == 10 * DAY
    assert share(whole, 1, 7) == timedelta(seconds=30 * 86400 // 7)
    almost_over = Portion("invoice:1", 30 * DAY, 5 * DAY, PRICE)
    assert share(almost_over, 1, 3) == 5 * DAY, "no more than is left"
    assert share(almost_over, 3, 3) == 5 * DAY


def test_a_portion_survives_json() -> None:
    portion = Portion("gift:3", 30 * DAY, timedelta(days=2, microseconds=1), PRICE)
    assert Portion.from_json(portion.to_json()) == portion


@given(
    st.lists(st.integers(1, 90), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 200), st.integers(1, 10)), max_size=8),
)
def test_refunds_take_their_own_days_only(days: list[int], refunds: list[tuple[int, int, int]]) -> None:
    changes = bought(*days)
    end, now = START + sum(days) * DAY, START
    for invoice, later, part in refunds:
        now = max(now, START + later * DAY)
        before = at(changes, now)
        assert before.left == max(end - now, NOTHING)
        portion = before.portion(f"invoice:{invoice}")
        taken = share(portion, part, 10) if portion else NOTHING
        if taken == NOTHING:
            continue
        changes.append(Change("shortened", now, f"invoice:{invoice}", end, end - taken))
        end -= taken
        expected = {one.source: one.left - (taken if one is portion else NOTHING) for one in before.portions}
        assert left(changes, now) == {source: span for source, span in expected.items() if span}
