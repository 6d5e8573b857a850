"""Any process may be killed at any moment."""

from __future__ import annotations

import random
import time

import pytest

from tests.processes import books
from tests.processes.crowd import buy_all
from tests.processes.town import Town

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
ALL = ("web", "worker", "jobs", "jobs.2", "clock", "clock.2")
PEOPLE = 30
SEED = 20261121
WITHIN = 150.0  # seconds, all in all


def test_thirty_people_buy_while_every_process_is_killed(town: Town) -> None:
    chance = random.Random(SEED)
    victims = [*ALL, *ALL, "web", "jobs"]
    chance.shuffle(victims)
    moments = sorted(chance.sample(range(5, PEOPLE * 6 - 10), len(victims)))
    town.keep(*ALL)
    town.tell("/telegram/faults", mode="slow", method="sendDocument", times=PEOPLE, delay=2)  # easier to hit
    people = [town.person(f"Buyer {number}") for number in range(PEOPLE)]

    def kill() -> None:
        name = victims.pop()
        town.await_ready(name)
        time.sleep(chance.uniform(0, 0.3))  # a random moment, not one of ours
        town.kill(name)
        town.restart(name)

    began = time.monotonic()
    buy_all(people, moments, kill)
    books.await_settled(town, people, WITHIN - (time.monotonic() - began))
    books.check(town, people)
    assert not victims
