"""SIGTERM, once or twice as Heroku sends it, ends every process in good order; copies work side by side."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from apps.clock import ticks
from tests.processes import books
from tests.processes.crowd import buy_all
from tests.processes.town import EVERYTHING, Town

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
PROCFILE = ("web", "worker", "jobs", "ocr-worker", "rules-worker", "bonus-worker", "clock")
PEOPLE = 15
WITHIN = 120.0  # seconds after the last payment
SLOT = 600  # seconds between checks of the servers
CLAIMED = """
SELECT extract(epoch FROM slot)::bigint FROM schedule_slots WHERE name = 'provisioning.schedule_checks'
"""
CHECKS = "SELECT count(*) FROM outbox_events WHERE name = 'provisioning.checks_due'"


def test_every_process_stops_when_asked_and_nothing_is_lost(town: Town, long: bool) -> None:
    """In the short form each once: half of them hear it once, the others twice."""
    town.keep(*EVERYTHING)
    orders = [(name, times) for times in (1, 2) for name in PROCFILE]
    if not long:
        orders = [(name, 1 + number % 2) for number, name in enumerate(PROCFILE)]
    people = [town.person(f"Stopped {number}") for number in range(PEOPLE if long else PEOPLE // 2)]

    def stop() -> None:
        name, times = orders.pop()
        town.await_ready(name)
        assert town.stop(name, times) == 0, f"{name} after {times} SIGTERM"
        town.restart(name)

    buy_all(people, range(5, 5 + 5 * len(orders), 5), stop)
    assert not orders
    books.await_settled(town, people, WITHIN)
    books.check(town, people)


def test_two_clocks_run_each_slot_once(town: Town) -> None:
    town.keep(*EVERYTHING)
    now = int(datetime.fromisoformat(town.ask("/clock/state")["now"]).timestamp())
    slot = now // SLOT * SLOT + SLOT
    town.tell("/clock/move", seconds=slot + 60 - now)  # far from both ends, however slow this is
    town.until("this slot is done", lambda: books.rows(town, CLAIMED) == [(slot,)])
    ((before,),) = books.rows(town, CHECKS)

    town.tell("/clock/move", seconds=SLOT)
    town.until("the next one is done", lambda: books.rows(town, CHECKS) >= [(before + 1,)])
    time.sleep(2 * ticks.EVERY)  # meanwhile the other clock has its turn, too
    town.until("they are checked", lambda: books.left(town) == [])
    assert books.rows(town, CHECKS) == [(before + 1,)]
