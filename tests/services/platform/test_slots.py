from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from services import schedule
from services.platform.db import Database
from services.platform.slots import claim
from services.schedule import SCHEDULE, Scheduled
from tests.factories import at_once

MINUTE = timedelta(minutes=1)


def test_two_clocks_run_each_of_50_slots_once(db: Database, now: datetime) -> None:
    runs: Counter[datetime] = Counter()
    lock = threading.Lock()

    def work(_tx: Session, moment: datetime) -> int:
        with lock:
            runs[moment.replace(second=0)] += 1
        return 1

    def clock(number: int) -> int:
        return sum(
            schedule.run(
                db, Scheduled("test", MINUTE, work), now + MINUTE * slot + timedelta(seconds=number * 20 + step)
            )
            or 0
            for slot in range(50)
            for step in range(2)
        )

    at_once(2, clock)
    # A clock that lags behind the other finds its older slots taken: every slot at most once, and each by somebody.
    assert runs == dict.fromkeys((now + MINUTE * slot for slot in range(50)), 1)


def test_a_failing_item_keeps_its_slot(db: Database, now: datetime) -> None:
    def fail(_tx: Session, _now: datetime) -> int:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        schedule.run(db, Scheduled("test", MINUTE, fail), now)
    assert schedule.run(db, Scheduled("test", MINUTE, lambda _tx, _now: 7), now) == 7
    assert schedule.run(db, Scheduled("test", MINUTE, lambda _tx, _now: 7), now) is None


def test_missed_slots_collapse_into_the_current_one(tx: Session, now: datetime) -> None:
    assert claim(tx, "test", MINUTE, now)
    assert not claim(tx, "test", MINUTE, now + timedelta(seconds=59))
    assert claim(tx, "test", MINUTE, now + timedelta(hours=5))
    assert not claim(tx, "test", MINUTE, now + timedelta(hours=5))
    assert not claim(tx, "test", MINUTE, now + timedelta(hours=4)), "a clock that lags"
    assert claim(tx, "another", MINUTE, now), "each item has slots of its own"


def test_the_whole_schedule_runs_on_an_empty_database(db: Database, now: datetime) -> None:
    for scheduled in SCHEDULE:
        assert isinstance(schedule.run(db, scheduled, now), int), scheduled.name
        assert schedule.run(db, scheduled, now) is None, scheduled.name
    assert len({scheduled.name for scheduled in SCHEDULE}) == len(SCHEDULE)
