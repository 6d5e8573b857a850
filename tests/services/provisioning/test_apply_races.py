"""Workers that overtake each other, die in the middle, or hear of things in another order: what is wanted last wins,
and it is there once."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from services import provisioning, subscriptions
from services.platform.db import Database
from services.platform.errors import Misconfigured, TryLater
from services.provisioning import GrantChanged
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Grant, Held
from tests.services.provisioning.desk import Desk

DAY = timedelta(days=1)


@pytest.fixture
def desk(db: Database, now: datetime) -> Desk:
    return Desk(db, now)


def apply(desk: Desk, event: GrantChanged) -> None:
    provisioning.apply(desk.db, event, desk.now, desk.provisioners, desk.cipher)


def change(desk: Desk, grant_id: int, **wanted: object) -> GrantChanged:
    """What is wanted becomes this; nobody has reacted yet."""
    with desk.db.begin() as tx:
        row = tx.get_one(AccessGrantRow, grant_id)
        for name, value in wanted.items():
            setattr(row, name, value)
        row.revision += 1
        return GrantChanged(grant_id=grant_id, revision=row.revision, cause="test")


class Slow:
    """Holds one worker inside the other side, after its work is done there."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inside, self.go_on = threading.Event(), threading.Event()
        whole = desk.memory.apply

        def slow(*asked: object) -> Held:
            held = whole(*asked)  # type: ignore[arg-type]
            if not self.inside.is_set():
                self.inside.set()
                assert self.go_on.wait(10)
            return held

        monkeypatch.setattr(desk.memory, "apply", slow)


def test_a_second_worker_waits_and_the_newest_wish_wins(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (mine,) = desk.people(1)
    slow = Slow(desk, monkeypatch)
    first = change(desk, mine, wanted="suspended")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(apply, desk, first)
        assert slow.inside.wait(10)
        second = change(desk, mine, wanted="active")
        with pytest.raises(TryLater) as waits:
            apply(desk, second)
        assert waits.value.after == 1
        assert desk.row(mine).failing_since is None, "waiting is no failure"
        slow.go_on.set()
        running.result(10)
    assert desk.row(mine).applied_revision == first.revision, "only what it has applied"
    apply(desk, second)
    assert not desk.elsewhere.things[f"k{mine}"].off
    assert desk.row(mine).applied_revision == second.revision


def test_many_workers_with_the_same_news_make_one_object(desk: Desk) -> None:
    desk.give()
    with desk.db.begin() as tx:
        (event,) = desk.events(subscriptions.SubscriptionExtended)
        provisioning.grant(tx, event, desk.now, desk.provisioners)
    (news,) = desk.events(GrantChanged)

    def until_done(_: int) -> None:
        while True:
            try:
                return apply(desk, news)
            except TryLater:
                time.sleep(0.02)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(until_done, range(4)))
    assert len(desk.elsewhere.things) == 1
    assert (
        desk.row(news.grant_id).credentials
        == f"k{news.grant_id}-{next(iter(desk.elsewhere.things.values())).secret[:6]}"
    )
    assert {one.fresh for one in desk.events(provisioning.AccessGranted)[1:]} <= {False}


def test_news_out_of_order_apply_what_is_wanted_now(desk: Desk) -> None:
    (mine,) = desk.people(1)
    old = change(desk, mine, ends_at=desk.now + 60 * DAY)
    new = change(desk, mine, ends_at=desk.now + 90 * DAY)
    apply(desk, new)
    puts = desk.elsewhere.requests["put"]
    apply(desk, old)
    assert desk.elsewhere.things[f"k{mine}"].ends_at == desk.now + 90 * DAY
    assert desk.elsewhere.requests["put"] == puts, "the older one is done already"


def test_a_worker_that_died_after_the_work_and_before_storing_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (mine,) = desk.people(1)
    secret = desk.elsewhere.things[f"k{mine}"].secret
    news = change(desk, mine, generation=1)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(sys.modules["services.provisioning.apply"], "note_applied", killed)
    with pytest.raises(Killed):
        apply(desk, news)
    monkeypatch.undo()
    rotated = desk.elsewhere.things[f"k{mine}"].secret
    assert rotated != secret
    apply(desk, news)
    assert desk.elsewhere.things[f"k{mine}"].secret == rotated, "replaced once"
    assert desk.row(mine).credentials == f"k{mine}-{rotated[:6]}"
    assert len(desk.elsewhere.things) == 1


def test_the_claim_of_a_dead_worker_is_waited_for_and_then_taken(desk: Desk) -> None:
    (mine,) = desk.people(1)
    news = change(desk, mine, ends_at=desk.now + 60 * DAY)
    desk.sql("UPDATE access_grants SET claimed_until = now() + interval '1 minute' WHERE id = :id", id=mine)
    with pytest.raises(TryLater):
        apply(desk, news)
    desk.sql("UPDATE access_grants SET claimed_until = now() - interval '1 second' WHERE id = :id", id=mine)
    apply(desk, news)
    assert desk.elsewhere.things[f"k{mine}"].ends_at == desk.now + 60 * DAY
    assert desk.row(mine).claimed_until is None


def test_no_transaction_is_open_while_the_network_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (mine,) = desk.people(1)
    whole = desk.memory.apply

    def watched(db: Database, grant: Grant, *rest: object) -> Held:
        desk.sql("UPDATE access_grants SET problem = problem WHERE id = :id", id=grant.id)  # nobody holds the row
        return whole(db, grant, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.memory, "apply", watched)
    apply(desk, change(desk, mine, ends_at=desk.now + 60 * DAY))
    assert desk.elsewhere.things[f"k{mine}"].ends_at == desk.now + 60 * DAY


def test_what_nobody_is_about_to_do_is_announced_again(desk: Desk) -> None:
    (mine,) = desk.people(1)
    change(desk, mine, ends_at=desk.now + 60 * DAY)  # and its news is lost
    with desk.db.begin() as tx:
        assert provisioning.announce_lost(tx, desk.now) == 1
        assert provisioning.announce_lost(tx, desk.now) == 0, "it is on its way"
    desk.work()
    assert desk.elsewhere.things[f"k{mine}"].ends_at == desk.now + 60 * DAY
    with desk.db.begin() as tx:
        assert provisioning.announce_lost(tx, desk.now) == 0


def test_what_a_worker_is_still_trying_is_not_announced_again(desk: Desk) -> None:
    (mine,) = desk.people(1)
    change(desk, mine, ends_at=desk.now + 60 * DAY)
    with desk.db.begin() as tx:
        provisioning.announce_lost(tx, desk.now)
    desk.sql("UPDATE outbox_events SET planned = true")
    last = "SELECT max(id) FROM outbox_events"
    desk.sql(f"""
        INSERT INTO outbox_deliveries (event_id, reaction, queue, due_at, sends, failures)
        VALUES (({last}), 'provisioning.apply', 'access', now() + interval '1 hour', 1, 3)
    """)
    with desk.db.begin() as tx:
        assert provisioning.announce_lost(tx, desk.now) == 0
    desk.sql("UPDATE outbox_deliveries SET done_at = now()")
    with desk.db.begin() as tx:
        assert provisioning.announce_lost(tx, desk.now) == 1


def test_a_failure_is_noted_and_success_forgets_it(desk: Desk) -> None:
    (mine,) = desk.people(1)
    news = change(desk, mine, ends_at=desk.now + 60 * DAY)
    desk.elsewhere.break_down("misconfigured")
    for _ in range(2):
        with pytest.raises(Misconfigured):
            apply(desk, news)
        desk.now += timedelta(hours=1)
    assert desk.row(mine).failing_since == desk.now - timedelta(hours=2), "since the first time"
    desk.elsewhere.break_down(None)
    apply(desk, news)
    assert (desk.row(mine).failing_since, desk.row(mine).problem) == (None, None)
