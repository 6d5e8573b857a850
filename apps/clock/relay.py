"""Outbox to broker. A row is leased in a transaction, sent after it; what is lost in between is leased again."""

from __future__ import annotations

import threading

import psycopg
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import BrokerError
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from apps.transport import delivery
from services.kit import Kit
from services.platform import outbox
from services.platform.clock import wall_clock
from services.platform.db import Database
from services.reactions import routes

POLL = 0.5  # seconds: what a lost wake-up costs, and how finely postponed deliveries are timed
PAUSE_AFTER_FAULT = 1.0

log = structlog.get_logger(__name__)


def relay(kit: Kit, broker: RedisBroker, stop: threading.Event) -> None:
    """Runs until `stop`; survives the loss of PostgreSQL or Redis."""
    wake = threading.Event()
    ears = threading.Thread(target=_listen, args=(kit.db, wake, stop), name="relay-ears", daemon=True)
    ears.start()
    while not stop.is_set():
        wake.clear()
        try:
            busy = pump(kit.db, broker)
        except (SQLAlchemyError, RedisError, BrokerError) as error:
            log.warning("relay_fault", error=type(error).__name__)
            stop.wait(PAUSE_AFTER_FAULT)
            continue
        except Exception:  # nothing may end the relay while the process lives
            log.exception("relay_crashed")
            stop.wait(PAUSE_AFTER_FAULT)
            continue
        if not busy:
            wake.wait(POLL)
    ears.join(2)


def pump(db: Database, broker: RedisBroker) -> int:
    """One round. Returns how much there was to do."""
    with db.begin() as tx:
        planned = outbox.plan(tx, routes, wall_clock())
    broker.client.ping()  # what is leased and cannot be sent would only wait longer
    with db.begin() as tx:
        due = outbox.lease(tx, wall_clock())
    for event_id, reaction, queue in sorted(due):  # what happened first goes first
        broker.enqueue(delivery(event_id, reaction, queue))
    return planned + len(due)


def _listen(db: Database, wake: threading.Event, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            with db.listen_connection() as connection:
                connection.execute(f"LISTEN {outbox.CHANNEL}")
                wake.set()
                while not stop.is_set():
                    for _ in connection.notifies(timeout=1.0, stop_after=1):
                        wake.set()
        except psycopg.Error as error:
            log.warning("relay_ears_fault", error=type(error).__name__)
            stop.wait(PAUSE_AFTER_FAULT)
