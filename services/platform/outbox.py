"""Events: written with the fact they tell, delivered to every reaction until each has done its part.

Three steps, each safe to repeat and to kill at any moment:
1. `emit` writes the event in the transaction of the fact.
2. `plan` turns new events into deliveries, one for each reaction; `lease` hands out those that are due and
   pushes their next moment ahead, so that what a lost worker, or a flushed Redis, never did comes again.
3. `finish` marks a delivery done (in the reaction's own transaction where it has one); `postpone` sets the next try.

In `lease` and `postpone` the time is the wall clock's: they are about machines, not about business.
The table is the truth; the broker behind it is only transport and may lose everything."""

from __future__ import annotations

import dataclasses
import types
import typing
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from sqlalchemy import ForeignKey, Index, Interval, Row, delete, exists, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.platform.db import Base, wake

CHANNEL = "outbox"
FIRST_LEASE = timedelta(seconds=30)
LONGEST_LEASE = timedelta(minutes=10)
FIRST_BACKOFF = timedelta(seconds=5)
LONGEST_BACKOFF = timedelta(hours=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact in the past tense. Fields are ids and plain values (str, int, bool, UUID, aware datetime, None):
    an event lives as JSON and is read by code of another day."""

    name: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        return {
            field.name: value if isinstance(value, str | int | bool | None) else _as_text(value)
            for field in dataclasses.fields(self)
            for value in [getattr(self, field.name)]
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """Fields this code does not know are ignored; ones with a default may be missing."""
        hints = typing.get_type_hints(cls)
        known = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: _parsed(hints[name], value) for name, value in body.items() if name in known})


class OutboxEvent(Base):
    __tablename__ = "outbox_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    body: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]
    planned: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        Index("outbox_events_unplanned", "id", postgresql_where=text("NOT planned")),
        Index("outbox_events_age", "occurred_at"),
    )


class Delivery(Base):
    __tablename__ = "outbox_deliveries"
    event_id: Mapped[int] = mapped_column(ForeignKey(OutboxEvent.id, ondelete="CASCADE"), primary_key=True)
    reaction: Mapped[str] = mapped_column(primary_key=True)
    queue: Mapped[str]
    due_at: Mapped[datetime]
    sends: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    __table_args__ = (Index("outbox_deliveries_due", "due_at", postgresql_where=text("done_at IS NULL")),)


EMIT = insert(OutboxEvent.table()).returning(OutboxEvent.table().c.id)


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """Where deliveries of one reaction to one event go."""

    reaction: str
    queue: str


def emit(tx: Session, event: Event, now: datetime) -> int:
    """Writes the event beside its fact and wakes the relay after the commit. Returns its id."""
    row = {"name": event.name, "body": event.to_json(), "occurred_at": now, "planned": False}
    event_id: int = tx.execute(EMIT, row).scalar_one()
    wake(tx, CHANNEL)
    return event_id


def emit_all(tx: Session, events: Sequence[Event], now: datetime) -> None:
    """The same for many at once, at a fraction of the cost."""
    if events:
        rows = [{"name": one.name, "body": one.to_json(), "occurred_at": now, "planned": False} for one in events]
        tx.connection().execute(insert(OutboxEvent.table()), rows)
        wake(tx, CHANNEL)


def plan(tx: Session, routes: Mapping[str, Sequence[Route]], now: datetime, limit: int = 200) -> int:
    """Makes the deliveries of new events, oldest first; `routes` are by name of event. Any number of relays may run it:
    rows in another's hands are skipped. Events which `routes` does not know wait: releases overlap, and a newer relay
    knows them. Returns how many events were planned."""
    new = select(OutboxEvent).where(~OutboxEvent.planned, OutboxEvent.name.in_(routes))
    waiting = new.order_by(OutboxEvent.id).limit(limit)
    events = tx.scalars(waiting.with_for_update(skip_locked=True)).all()
    rows = [
        {"event_id": event.id, "reaction": route.reaction, "queue": route.queue, "due_at": now}
        for event in events
        for route in routes[event.name]
    ]
    if rows:
        tx.execute(insert(Delivery).on_conflict_do_nothing(), rows)
    for event in events:
        event.planned = True
    return len(events)


def lease(tx: Session, now: datetime, limit: int = 200) -> Sequence[Row[int, str, str]]:
    """Takes deliveries that are due (new, postponed, or never finished) as (event_id, reaction, queue) and moves their
    next moment ahead, twice as far at each send, so that a long outage of the workers does not flood the broker."""
    due = (
        select(Delivery.event_id, Delivery.reaction)
        .where(Delivery.done_at.is_(None), Delivery.due_at <= now)
        .order_by(Delivery.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    seconds = func.least(
        FIRST_LEASE.total_seconds() * func.power(2, func.least(Delivery.sends, 20)), LONGEST_LEASE.total_seconds()
    )
    ahead = literal(now) + func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=Interval)
    taken = (
        update(Delivery)
        .where(Delivery.event_id == due.c.event_id, Delivery.reaction == due.c.reaction)
        .values(due_at=ahead, sends=Delivery.sends + 1)
        .returning(Delivery.event_id, Delivery.reaction, Delivery.queue)
    )
    return tx.execute(taken).all()


def read(tx: Session, event_id: int, reaction: str) -> tuple[str, dict[str, Any]] | None:
    """(name, body) of an event whose delivery to `reaction` is still open; None when it is done or purged."""
    open_one = exists().where(
        Delivery.event_id == OutboxEvent.id, Delivery.reaction == reaction, Delivery.done_at.is_(None)
    )
    row = tx.execute(select(OutboxEvent.name, OutboxEvent.body).where(OutboxEvent.id == event_id, open_one)).first()
    return (row.name, row.body) if row else None


def finish(tx: Session, event_id: int, reaction: str, now: datetime) -> bool:
    """Marks the delivery done; False when somebody already has. Concurrent callers queue on the row, so whoever
    applies an effect after a True, in the same transaction, applies it once."""
    mark = update(Delivery).where(
        Delivery.event_id == event_id, Delivery.reaction == reaction, Delivery.done_at.is_(None)
    )
    return tx.execute(mark.values(done_at=now).returning(Delivery.event_id)).first() is not None


def postpone(
    tx: Session, event_id: int, reaction: str, now: datetime, *, error: str | None, after: float | None
) -> None:
    """Sets the next try: `after` seconds when the reaction knows, else 5 s doubling up to an hour. `error` counts as
    a failure and is kept for the operator; a reaction that merely waits its turn passes None."""
    open_one = [Delivery.event_id == event_id, Delivery.reaction == reaction, Delivery.done_at.is_(None)]
    row = tx.scalar(select(Delivery).where(*open_one).with_for_update())
    if row is None:
        return
    if error is not None:
        row.failures += 1
        row.last_error = error[:500]
    backoff = min(FIRST_BACKOFF * 2 ** min(max(row.failures - 1, 0), 12), LONGEST_BACKOFF)
    row.due_at = now + (backoff if after is None else timedelta(seconds=after))


def hurry(tx: Session, reaction: str, field: str, values: Sequence[int], now: datetime) -> int:
    """Makes failed deliveries of one reaction due at once: those of events whose whole number `field` is one of
    `values`. What kept them from succeeding is over. Returns how many."""
    if not values:
        return 0
    numbers = [str(value) for value in values]
    about = exists().where(OutboxEvent.id == Delivery.event_id, OutboxEvent.body[field].astext.in_(numbers))
    failed = update(Delivery).where(
        Delivery.reaction == reaction, Delivery.done_at.is_(None), Delivery.failures > 0, about
    )
    return len(tx.execute(failed.values(due_at=now).returning(Delivery.event_id)).all())


def unfinished(tx: Session, name: str, reaction: str) -> list[dict[str, Any]]:
    """Bodies of all events of this name to which `reaction` has still to react."""
    undone = exists().where(
        Delivery.event_id == OutboxEvent.id, Delivery.reaction == reaction, Delivery.done_at.is_(None)
    )
    bodies = select(OutboxEvent.body).where(OutboxEvent.name == name, or_(~OutboxEvent.planned, undone))
    return list(tx.scalars(bodies))


def purge(tx: Session, before: datetime, limit: int = 5000) -> int:
    """Deletes finished events older than `before`; what is not done stays, however old."""
    unfinished = exists().where(Delivery.event_id == OutboxEvent.id, Delivery.done_at.is_(None))
    old = (
        select(OutboxEvent.id)
        .where(OutboxEvent.occurred_at < before, OutboxEvent.planned, ~unfinished)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return len(tx.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(old)).returning(OutboxEvent.id)).all())


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("an event holds aware times only")
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"an event holds ids and plain values, not {type(value).__name__}")


def _parsed(hint: Any, value: Any) -> Any:
    kinds = set(typing.get_args(hint)) if typing.get_origin(hint) in (types.UnionType, typing.Union) else {hint}
    if value is None:
        return None
    if datetime in kinds:
        return datetime.fromisoformat(value)
    return uuid.UUID(value) if uuid.UUID in kinds else value
