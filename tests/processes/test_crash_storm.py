"""One payment, told of many times in any order by several couriers, carried out by several workers while others die at
it: it is booked once, fulfilled once and gives access once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text

from services import billing
from services.platform import outbox
from services.platform.clock import wall_clock
from services.react import react
from services.reactions import routes
from tests.processes import errands
from tests.processes.aftermath import MINUTE, ONCE, Survivor
from tests.processes.crashes import Doomed, doomed_program
from tests.processes.tills import YooKassaTill
from tests.world import Kiosk

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]
SEED = 20261121
PAYMENTS = 6
NOTICES = 24  # of each payment
COURIERS, WORKERS, DOOMED = 3, 4, 5
LAST_STEP = 10  # about where it is fulfilled, for who finds everything undone
OPEN = """
SELECT event_id, reaction FROM outbox_deliveries
WHERE done_at IS NULL AND (reaction LIKE 'billing.%' OR reaction LIKE 'subscriptions.%')
"""
ACCESS = """
SELECT count(*) FROM access_grants g JOIN wireguard_peers w ON w.grant_id = g.id
WHERE g.party = :party AND g.wanted = 'active' AND g.held = 'active' AND w.active
"""


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[Doomed]:
    with doomed_program(tmp_path / "doomed.log") as doomed:
        yield doomed


def test_however_often_and_by_whom_it_is_carried_out(kiosk: Kiosk, doomed: Doomed) -> None:
    kiosk.world.kiosk = None
    chance, till = random.Random(SEED), YooKassaTill(Survivor(kiosk.kit, kiosk.world, kiosk.http), "yookassa")
    first = kiosk.person()
    raw = till.pay(first, kiosk.checkout(first))
    doomed.run(kiosk, errands.be_told, {"provider": "yookassa", "raw": raw}, rehearsal=True)
    people, killed = [first], 0
    for _ in range(PAYMENTS):
        people.append(person := kiosk.person())
        raw = till.pay(person, kiosk.checkout(person))
        errands.be_told(kiosk.kit, "yookassa", raw)
        _plan(kiosk)
        storm = _Storm(kiosk, raw, chance.random())
        for kill_at in (chance.randint(1, 3), *(chance.randint(1, LAST_STEP) for _ in range(DOOMED))):
            told = {"deliveries": storm.deliveries(chance)}
            killed += doomed.run(kiosk, errands.carry_out, told, kill_at=kill_at).killed
            storm.begin_work()  # the first has died alone, before it wrote anything: who comes now finds its traces
        storm.end()
        expected = 1 + (len(people) - 1) * (1 + NOTICES)
        assert kiosk.scalar("SELECT sum(times) FROM payment_notifications") == expected
    print("KILLED", killed)
    assert killed >= PAYMENTS
    kiosk.hurry()
    kiosk.pass_time(3 * MINUTE, MINUTE)
    kiosk.hurry()
    assert till.kiosk.bought(people) == {str(person.party): ONCE for person in people}
    assert [kiosk.scalar(ACCESS, party=str(person.party)) for person in people] == [1] * len(people)
    assert [till.sales(person) for person in people] == [1] * len(people)
    assert kiosk.faults() == []
    assert kiosk.undone() == []
    assert kiosk.count("outbox_deliveries", "failures > 0") == 0


class _Storm:
    """Couriers and workers as threads. The first come at once, the others after `begin_work`; all go on until `end`."""

    def __init__(self, kiosk: Kiosk, told: billing.RawNotice, seed: float) -> None:
        self._kiosk, self._chance, self._over = kiosk, random.Random(seed), Event()
        stale = billing.RawNotice(told.body.replace(b"succeeded", b"waiting_for_capture"))
        forged = billing.RawNotice(told.body.replace(b"succeeded", b"canceled"))
        self._notices = [told] * (NOTICES - 8) + [stale] * 4 + [forged] * 4
        self._chance.shuffle(self._notices)
        self._threads = ThreadPoolExecutor(COURIERS + WORKERS)
        self._couriers = [self._threads.submit(self._bring, number) for number in range(COURIERS)]
        self._workers: list[Future[None]] = []

    def begin_work(self) -> None:
        if not self._workers:
            seeds = [self._chance.random() for _ in range(WORKERS)]
            self._workers = [self._threads.submit(self._work, seed) for seed in seeds]

    def end(self) -> None:
        with self._threads:
            for courier in self._couriers:
                courier.result()
            self._over.set()
            for worker in self._workers:
                worker.result()

    def deliveries(self, chance: random.Random) -> list[tuple[int, str]]:
        """What is not done, also what others have in hand: a broker may bring it twice."""
        with self._kiosk.kit.db.begin() as tx:
            found = [(row.event_id, row.reaction) for row in tx.execute(text(OPEN))]
        chance.shuffle(found)
        return found

    def _bring(self, first: int) -> None:
        kit = self._kiosk.kit
        for number in range(first, NOTICES, COURIERS):
            quiet_is_over = self._kiosk.now + number * timedelta(seconds=11)
            with kit.db.begin() as tx:
                billing.accept_notification(tx, kit.providers["yookassa"], self._notices[number], quiet_is_over)

    def _work(self, seed: float) -> None:
        chance = random.Random(seed)
        while not self._over.is_set():
            _plan(self._kiosk)
            for event_id, name in self.deliveries(chance):
                react(self._kiosk.kit, event_id, name)


def _plan(kiosk: Kiosk) -> None:
    with kiosk.kit.db.begin() as tx:
        outbox.plan(tx, routes, wall_clock())
