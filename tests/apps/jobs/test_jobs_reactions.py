"""Deliveries carried out: what a reaction's failure, repetition or loss on the way leaves behind."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import redis as redis_client
from sqlalchemy import text

from apps.clock.relay import pump, relay
from apps.jobs.main import start
from apps.sandbox.stack import Stack
from apps.transport import make_broker
from services import billing, identity, notifications
from services.kit import Kit
from services.notifications.models import MessageRow
from services.platform import outbox
from services.platform.clock import wall_clock
from services.platform.db import Database
from services.platform.outbox import Delivery
from services.react import react
from services.reactions import QUEUES, routes
from tests.factories import at_once, database_url, kit, make_paid_invoice, make_tariff, make_user

EXTEND = "subscriptions.extend_after_payment"


@pytest.fixture
def jobs(db: Database, stack: Stack, redis: redis_client.Redis) -> Iterator[Kit]:
    redis.flushall()
    with kit(database_url(db), stack.redis_url, JOB_THREADS="4", DB_POOL_SIZE="10") as made:
        yield made


def paid(db: Database, now: datetime, count: int) -> list[int]:
    """So many people's paid invoices. Returns the ids of the events that tell of them."""
    with db.begin() as tx:
        make_tariff(tx, now)
        return [outbox.emit(tx, make_paid_invoice(tx, now, make_user(tx, now).party), now) for _ in range(count)]


def planned(db: Database) -> None:
    with db.begin() as tx:
        outbox.plan(tx, routes, wall_clock())
        outbox.lease(tx, wall_clock())


def delivery(db: Database, event_id: int, reaction: str) -> Delivery:
    with db.begin() as tx:
        return tx.get_one(Delivery, (event_id, reaction))


def count(db: Database, sql: str) -> int:
    with db.begin() as tx:
        return int(tx.scalar(text(f"SELECT count(*) FROM {sql}")) or 0)


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_parallel_deliveries_of_one_event_are_applied_once(jobs: Kit, db: Database, now: datetime) -> None:
    (event_id,) = paid(db, now, 1)
    planned(db)
    at_once(8, lambda _number: react(jobs, event_id, EXTEND))
    react(jobs, event_id, EXTEND)
    row = delivery(db, event_id, EXTEND)
    assert row.done_at
    assert (row.failures, row.last_error) == (0, None)
    assert count(db, "subscription_changes") == count(db, "outbox_events WHERE name = 'subscriptions.extended'") == 1


def test_a_reaction_that_fails_leaves_nothing_but_its_error_and_comes_again(
    jobs: Kit, db: Database, now: datetime
) -> None:
    with db.begin() as tx:
        event_id = outbox.emit(tx, billing.InvoicePaid(invoice_id=10**9, payment_id=1, party="user:1"), now)
    planned(db)
    react(jobs, event_id, EXTEND)
    row = delivery(db, event_id, EXTEND)
    assert row.done_at is None
    assert row.failures == 1
    assert row.last_error
    assert row.last_error.startswith("NoResultFound: ")
    assert timedelta(seconds=3) < row.due_at - wall_clock() <= timedelta(seconds=5)
    react(jobs, event_id, EXTEND)
    assert delivery(db, event_id, EXTEND).failures == 2
    assert count(db, "subscription_changes") == 0


def message(db: Database, now: datetime) -> int:
    with db.begin() as tx:
        person = make_user(tx, now)
        row = MessageRow(
            key="k",
            telegram_id=person.telegram_id,
            kind="expired",
            params={"subscription_id": 1},
            state="queued",
            created_at=now,
        )
        tx.add(row)
        tx.flush()
        return outbox.emit(tx, notifications.MessageQueued(message_id=row.id), now)


def test_a_reaction_that_waits_its_turn_did_not_fail(jobs: Kit, db: Database, now: datetime) -> None:
    with db.begin() as tx:
        make_tariff(tx, now)
        party = make_user(tx, now).party
        event_id = outbox.emit(tx, make_paid_invoice(tx, now, party), now)
    planned(db)
    react(jobs, event_id, EXTEND)
    queued = message(db, now)
    planned(db)
    jobs.pace.pause(40)
    react(jobs, queued, "notifications.deliver")
    row = delivery(db, queued, "notifications.deliver")
    assert (row.done_at, row.failures, row.last_error) == (None, 0, None)
    assert timedelta(seconds=35) < row.due_at - wall_clock() <= timedelta(seconds=40)


def test_an_outside_that_does_not_answer_is_asked_later(jobs: Kit, db: Database, now: datetime) -> None:
    with db.begin() as tx:
        make_tariff(tx, now)
        news = make_paid_invoice(tx, now, make_user(tx, now).party)
        tx.execute(text("UPDATE payments SET state = 'awaiting_user'"))
        event_id = outbox.emit(tx, billing.PaymentCheckDue(payment_id=news.payment_id), now)
    planned(db)
    react(jobs, event_id, "billing.reconcile")  # YooKassa is at a closed port
    row = delivery(db, event_id, "billing.reconcile")
    assert (row.done_at, row.failures) == (None, 1)
    assert row.last_error
    assert row.last_error.startswith("yookassa: ")


def test_a_reaction_of_a_newer_release_waits_for_it(jobs: Kit, db: Database, now: datetime) -> None:
    (event_id,) = paid(db, now, 1)
    with db.begin() as tx:
        tx.add(Delivery(event_id=event_id, reaction="of.tomorrow", queue="default", due_at=now, sends=0, failures=0))
    react(jobs, event_id, "of.tomorrow")
    assert delivery(db, event_id, "of.tomorrow").done_at is None
    react(jobs, 10**9, EXTEND)  # purged meanwhile


def test_a_flushed_redis_loses_nothing(jobs: Kit, db: Database, redis: redis_client.Redis, now: datetime) -> None:
    broker = make_broker(jobs.settings)
    paid(db, now, 40)
    assert pump(db, broker) > 40
    assert redis.keys("kiosk*")
    redis.flushall()  # before anybody worked
    worker = start(jobs, list(QUEUES))
    try:
        end = time.monotonic() + 20
        flushed = False
        while count(db, "outbox_deliveries WHERE done_at IS NULL") or count(db, "outbox_events WHERE NOT planned"):
            assert time.monotonic() < end, "waited in vain"
            with db.begin() as tx:  # the leases run out
                tx.execute(
                    text("UPDATE outbox_deliveries SET due_at = now() - interval '1 second' WHERE done_at IS NULL")
                )
            pump(db, broker)
            if not flushed and count(db, "subscription_changes"):
                redis.flushall()  # and in the middle
                flushed = True
            time.sleep(0.02)
    finally:
        worker.stop(5000)
        worker.broker.close()
        broker.close()
    assert flushed
    assert count(db, "subscription_changes") == count(db, "subscriptions WHERE state = 'active'") == 40
    assert count(db, "outbox_events WHERE name = 'subscriptions.extended'") == 40


def test_a_fact_reaches_its_reaction_in_a_moment(jobs: Kit, db: Database, now: datetime) -> None:
    broker, stop = make_broker(jobs.settings), threading.Event()
    clock = threading.Thread(target=relay, args=(jobs, broker, stop))
    worker = start(jobs, ["default"])
    clock.start()
    try:
        paid(db, now, 1)
        begun = time.monotonic()
        wait_until(lambda: count(db, "subscription_changes") == 1)
        assert time.monotonic() - begun < 2
    finally:
        stop.set()
        clock.join(10)
        worker.stop(5000)
        worker.broker.close()
        broker.close()
    assert not clock.is_alive()


def test_what_cannot_be_sent_is_not_put_off(jobs: Kit, db: Database, now: datetime) -> None:
    """Redis hangs: the relay notices within its timeouts, and the deliveries are due as before."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}?socket_timeout=0.2&socket_connect_timeout=0.2"
        with kit(database_url(db), url) as made:
            broker = make_broker(made.settings)
            paid(db, now, 1)
            begun = time.monotonic()
            with pytest.raises(redis_client.RedisError):
                pump(db, broker)
            assert time.monotonic() - begun < 10
            broker.close()
    caused = (billing.InvoicePaid, identity.UserJoined)
    deliveries = sum(len(routes[event.name]) for event in caused)
    assert count(db, "outbox_deliveries WHERE sends = 0 AND due_at <= now()") == deliveries


def test_every_client_of_redis_gives_up_after_a_while(jobs: Kit) -> None:
    broker = make_broker(jobs.settings)
    for client in (broker.client, jobs.redis):
        options = client.connection_pool.connection_kwargs
        assert 0 < options["socket_timeout"] <= 10
        assert 0 < options["socket_connect_timeout"] <= 5
    broker.close()
