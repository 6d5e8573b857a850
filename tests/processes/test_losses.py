"""Redis may forget everything, PostgreSQL may cut every connection: at any moment, as often as they like."""

from __future__ import annotations

import pytest

from tests.processes import books
from tests.processes.crowd import buy_all
from tests.processes.town import EVERYTHING, Town

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
PEOPLE = 15
WITHIN = 120.0  # seconds after the last payment


def test_fifteen_people_buy_while_redis_is_flushed(town: Town) -> None:
    town.keep(*EVERYTHING)
    people = [town.person(f"Flushed {number}") for number in range(PEOPLE)]
    buy_all(people, range(10, PEOPLE * 6, 13), town.redis.flushall)
    books.await_settled(town, people, WITHIN)
    books.check(town, people)


def test_fifteen_people_buy_while_postgresql_cuts_all_connections(town: Town) -> None:
    town.keep(*EVERYTHING)
    before = {name: process.pid for name, process in town.processes.items()}
    people = [town.person(f"Cut {number}") for number in range(PEOPLE)]
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'town' AND pid <> pg_backend_pid()"
    buy_all(people, range(10, PEOPLE * 6, 15), lambda: books.rows(town, cut))
    books.await_settled(town, people, WITHIN)
    books.check(town, people)
    assert {name: process.pid for name, process in town.processes.items() if process.alive()} == before
