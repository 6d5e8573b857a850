from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.platform import outbox
from services.platform.db import Database
from services.platform.outbox import Delivery, Event, OutboxEvent, Route
from tests.factories import at_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Event):
    name = "test.happened"
    number: int
    word: str | None = None
    key: uuid.UUID | None = None
    at: datetime | None = None
    sure: bool = False


ROUTES = {"test.happened": [Route("first", "default"), Route("second", "telegram")], "test.recorded": []}


def emitted(db: Database, now: datetime, *numbers: int) -> list[int]:
    with db.begin() as tx:
        return [outbox.emit(tx, Happened(number=number), now) for number in numbers]


def planned(db: Database, now: datetime, *numbers: int) -> list[int]:
    ids = emitted(db, now, *numbers)
    with db.begin() as tx:
        assert outbox.plan(tx, ROUTES, now) == len(numbers)
    return ids


def delivery(db: Database, event_id: int, reaction: str = "first") -> Delivery:
    with db.begin() as tx:
        return tx.get_one(Delivery, (event_id, reaction))


# --- events ---------------------------------------------------------------------------------------------------------


def test_an_event_survives_its_json() -> None:
    event = Happened(number=2**60, word="да", key=uuid.uuid4(), at=datetime(2026, 1, 2, 3, 4, 5, 6, UTC), sure=True)
    assert Happened.from_json(event.to_json()) == event
    assert Happened.from_json(Happened(number=1).to_json()) == Happened(number=1)


def test_an_event_in_another_time_zone_keeps_its_moment() -> None:
    at = datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=3)))
    assert Happened.from_json(Happened(number=1, at=at).to_json()).at == at


def test_events_are_read_by_code_of_another_day() -> None:
    assert Happened.from_json({"number": 1, "added_later": {"a": 1}}) == Happened(number=1)
    with pytest.raises(TypeError):
        Happened.from_json({"word": "number is missing and has no default"})


@pytest.mark.parametrize("value", [1.5, {"a": 1}, [1], b"x", datetime(2026, 1, 1)])  # noqa: DTZ001  # what is refused
def test_only_plain_values_and_aware_times_are_kept(value: object) -> None:
    with pytest.raises(TypeError):
        Happened(number=1, word=value).to_json()  # type: ignore[arg-type]


# --- writing --------------------------------------------------------------------------------------------------------


def test_an_event_lives_and_dies_with_its_fact(db: Database, now: datetime) -> None:
    with pytest.raises(RuntimeError), db.begin() as tx:  # noqa: PT012  # the block is a transaction
        outbox.emit(tx, Happened(number=1), now)
        raise RuntimeError
    (kept,) = emitted(db, now, 2)
    with db.begin() as tx:
        (row,) = tx.scalars(select(OutboxEvent))
        assert (row.id, row.body["number"], row.occurred_at, row.planned) == (kept, 2, now, False)


def test_listeners_are_woken_after_the_commit_and_only_by_it(db: Database, now: datetime) -> None:
    with db.listen_connection() as ears:
        ears.execute(f"LISTEN {outbox.CHANNEL}")

        def heard(timeout: float) -> int:
            return len(list(ears.notifies(timeout=timeout, stop_after=1)))

        with db.begin() as tx:
            outbox.emit(tx, Happened(number=1), now)
            assert heard(0.1) == 0, "before the commit"
        assert heard(5) == 1
        with pytest.raises(RuntimeError), db.begin() as tx:  # noqa: PT012  # the block is a transaction
            outbox.emit(tx, Happened(number=2), now)
            raise RuntimeError
        assert heard(0.1) == 0, "after a rollback"


# --- planning and leasing -------------------------------------------------------------------------------------------


def test_every_reaction_gets_a_delivery_once(db: Database, now: datetime) -> None:
    one, two = planned(db, now, 1, 2)
    with db.begin() as tx:
        assert outbox.plan(tx, ROUTES, now) == 0
        assert sorted(outbox.lease(tx, now)) == [
            *((one, "first", "default"), (one, "second", "telegram")),
            *((two, "first", "default"), (two, "second", "telegram")),
        ]


def test_events_of_a_newer_release_wait_for_it_and_hold_up_nobody(db: Database, now: datetime) -> None:
    emitted(db, now, *range(5))
    with db.begin() as tx:
        tx.execute(text("UPDATE outbox_events SET name = 'test.of_tomorrow'"))
    (known,) = emitted(db, now, 6)
    with db.begin() as tx:
        assert outbox.plan(tx, ROUTES, now, limit=3) == 1
        assert {row.event_id for row in outbox.lease(tx, now)} == {known}
        assert outbox.purge(tx, now + timedelta(days=1)) == 0
    with db.begin() as tx:
        assert outbox.plan(tx, {"test.of_tomorrow": [Route("newer", "default")]}, now) == 5
        assert len(outbox.lease(tx, now)) == 5


def test_relays_share_the_work_without_overlap(db: Database, now: datetime) -> None:
    emitted(db, now, *range(120))

    def relay(_number: int) -> list[tuple[int, str]]:
        mine: list[tuple[int, str]] = []
        for _ in range(40):
            with db.begin() as tx:
                outbox.plan(tx, ROUTES, now, limit=7)
            with db.begin() as tx:
                mine += [(row.event_id, row.reaction) for row in outbox.lease(tx, now, limit=7)]
        return mine

    one, two = at_once(2, relay)
    assert len(one) + len(two) == len(set(one) | set(two)) == 240
    assert one
    assert two


def test_two_relays_hold_different_rows_at_the_same_moment(db: Database, now: datetime) -> None:
    planned(db, now, *range(4))
    with db.begin() as first, db.begin() as second:
        ours = {(row.event_id, row.reaction) for row in outbox.lease(first, now, limit=4)}
        theirs = {(row.event_id, row.reaction) for row in outbox.lease(second, now, limit=8)}
    assert (len(ours), len(theirs)) == (4, 4)
    assert not ours & theirs


def test_what_is_not_done_comes_again_each_time_twice_as_late(db: Database, now: datetime) -> None:
    (event_id,) = planned(db, now, 1)
    waits = []
    for _ in range(7):
        with db.begin() as tx:
            assert len(outbox.lease(tx, now - timedelta(microseconds=1))) == 0
            assert len(outbox.lease(tx, now)) == 2
        due = delivery(db, event_id).due_at
        waits.append((due - now).total_seconds())
        now = due
    assert waits == [30, 60, 120, 240, 480, 600, 600]


def test_a_finished_delivery_is_neither_leased_nor_read_again(db: Database, now: datetime) -> None:
    (event_id,) = planned(db, now, 1)
    with db.begin() as tx:
        assert outbox.read(tx, event_id, "first") == ("test.happened", Happened(number=1).to_json())
        assert outbox.finish(tx, event_id, "first", now) is True
        assert outbox.finish(tx, event_id, "first", now) is False
        assert outbox.read(tx, event_id, "first") is None
        assert [row.reaction for row in outbox.lease(tx, now)] == ["second"]


def test_finish_is_true_once_among_parallel_callers(db: Database, now: datetime) -> None:
    (event_id,) = planned(db, now, 1)

    def finish(_number: int) -> bool:
        with db.begin() as tx:
            return outbox.finish(tx, event_id, "first", now)

    assert sum(at_once(10, finish)) == 1


def test_a_finish_that_is_rolled_back_did_not_happen(db: Database, now: datetime) -> None:
    (event_id,) = planned(db, now, 1)
    with pytest.raises(RuntimeError), db.begin() as tx:  # noqa: PT012  # the block is a transaction
        assert outbox.finish(tx, event_id, "first", now)
        raise RuntimeError
    with db.begin() as tx:
        assert outbox.finish(tx, event_id, "first", now)


# --- postponing -----------------------------------------------------------------------------------------------------


def test_failures_are_tried_again_ever_later_and_kept_for_the_operator(db: Database, now: datetime) -> None:
    (event_id,) = planned(db, now, 1)
    waits = []
    for number in range(12):
        with db.begin() as tx:
            outbox.postpone(tx, event_id, "first", now, error=f"{number}" + "x" * 600, after=None)
        waits.append((delivery(db, event_id).due_at - now).total_seconds())
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    row = delivery(db, event_id)
    assert (row.failures, row.last_error) == (12, "11" + "x" * 498)


def test_waiting_for_a_turn_is_no_failure(db: Database, now: datetime) -> None:
    (event_id,) = planned(db, now, 1)
    with db.begin() as tx:
        outbox.postpone(tx, event_id, "first", now, error=None, after=1.5)
    row = delivery(db, event_id)
    assert (row.due_at - now, row.failures, row.last_error) == (timedelta(seconds=1.5), 0, None)


def test_what_is_done_is_not_postponed(db: Database, now: datetime) -> None:
    (event_id,) = planned(db, now, 1)
    with db.begin() as tx:
        outbox.finish(tx, event_id, "first", now)
        outbox.postpone(tx, event_id, "first", now, error="late", after=None)
    row = delivery(db, event_id)
    assert (row.done_at, row.failures, row.last_error) == (now, 0, None)


# --- purging --------------------------------------------------------------------------------------------------------


def test_purging_takes_what_is_finished_and_old_and_nothing_else(db: Database, now: datetime) -> None:
    old = now - timedelta(days=20)
    done, half_done = planned(db, old, 1, 2)
    (fresh,) = planned(db, now, 3)
    (not_planned,) = emitted(db, old, 4)
    with db.begin() as tx:
        for event_id, reaction in [
            (done, "first"),
            (done, "second"),
            (half_done, "first"),
            (fresh, "first"),
            (fresh, "second"),
        ]:
            assert outbox.finish(tx, event_id, reaction, now)
        assert outbox.purge(tx, now - timedelta(days=14)) == 1
    with db.begin() as tx:
        assert set(tx.scalars(select(OutboxEvent.id))) == {half_done, not_planned, fresh}
        assert set(tx.scalars(select(Delivery.event_id))) == {half_done, fresh}


def test_purging_in_portions(tx: Session, now: datetime) -> None:
    for _ in range(5):
        tx.add(OutboxEvent(name="test.recorded", body={}, occurred_at=now - timedelta(days=20), planned=True))
    tx.flush()
    assert [outbox.purge(tx, now, limit=2) for _ in range(4)] == [2, 2, 1, 0]
