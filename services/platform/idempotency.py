"""Calls of the HTTP API that may be repeated: the Idempotency-Key header, remembered for each client.

1. `begin` is committed before the work: whoever comes with the same key meanwhile is sent away for a moment.
2. The work is given `Go.reference`, the same for the same client, key and request, for ever. Whatever creates something
   keeps it beside its row, so that work done again finds what was done.
3. `finish` stores the answer, which later calls are given word by word; `release` is for work that raised.

A process that dies between the steps holds the key for WORK; then the next call does the work again, by the same
reference. What a client puts into a key is not kept: its hash is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

from sqlalchemy import Boolean, Index, delete, literal_column, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.platform.db import Base
from services.platform.errors import Conflict, Invalid

WORK = timedelta(minutes=1)  # longer than any call works: a key held so long belongs to a dead process
KEPT = timedelta(hours=48)  # callers are promised 24
COME_BACK = 2.0  # seconds
WRITTEN = re.compile(r"[\x21-\x7e]{1,255}")


class BadIdempotencyKey(Invalid):
    code: ClassVar[str] = "bad_idempotency_key"


class IdempotencyKeyReused(Invalid):
    """The key came before with another request."""

    code: ClassVar[str] = "idempotency_key_reused"


class IdempotencyKeyInUse(Conflict):
    """The first call with this key is still at work: come back in `after` seconds."""

    code: ClassVar[str] = "idempotency_key_in_use"
    after = COME_BACK


class IdempotencyRow(Base):
    """`key` is the SHA-256 of the client's, in hex. `working_until` is None while nobody works; an answer is there once
    `status` is."""

    __tablename__ = "api_idempotency"
    client_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    begun_at: Mapped[datetime]
    working_until: Mapped[datetime | None]
    status: Mapped[int | None]
    body: Mapped[dict[str, Any] | None]
    __table_args__ = (Index("api_idempotency_age", "begun_at"),)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the first call was answered: HTTP status and JSON object."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Go:
    """The work is the caller's, until `until`."""

    client_id: int
    key: str
    reference: str
    until: datetime


def fingerprint(method: str, path: str, body: dict[str, Any]) -> str:
    """What makes two requests the same: spaces and the order of names in JSON do not."""
    return _hash(json.dumps([method, path, body], sort_keys=True, separators=(",", ":")))


def begin(tx: Session, client_id: int, key: str, fingerprint: str, now: datetime) -> Answer | Go:
    """Takes the key for this request, or gives the stored answer. Commit it before the work. Raises BadIdempotencyKey,
    IdempotencyKeyReused or IdempotencyKeyInUse."""
    if not WRITTEN.fullmatch(key):
        raise BadIdempotencyKey("1 to 255 visible ASCII characters")
    hashed = _hash(key)
    row = insert(IdempotencyRow).values(client_id=client_id, key=hashed, fingerprint=fingerprint, begun_at=now)
    known = row.on_conflict_do_update(index_elements=["client_id", "key"], set_={"client_id": client_id})  # locks it
    returning = known.returning(IdempotencyRow, literal_column("(xmax = 0)", Boolean))
    stored, is_new = tx.execute(returning, execution_options={"populate_existing": True}).one()
    if not is_new:
        if stored.fingerprint != fingerprint:
            raise IdempotencyKeyReused("another request had this key")
        if stored.status is not None and stored.body is not None:
            return Answer(stored.status, stored.body)
        if stored.working_until is not None and stored.working_until > now:
            raise IdempotencyKeyInUse("the first call is still at work")
    stored.working_until = now + WORK
    reference = f"api:{client_id}:{_hash(f'{hashed}:{fingerprint}')[:40]}"
    return Go(client_id, hashed, reference, stored.working_until)


def finish(tx: Session, go: Go, status: int, body: dict[str, Any]) -> None:
    """Stores the answer. One that is there already stays: others have been given it."""
    unanswered = _row(go) & IdempotencyRow.status.is_(None)
    tx.execute(update(IdempotencyRow).where(unanswered).values(status=status, body=body, working_until=None))


def release(tx: Session, go: Go) -> None:
    """Nothing was done, or the work raised: the same request may try again at once. Another one may not: what was begun
    may have come further than its caller knows."""
    still_mine = _row(go) & (IdempotencyRow.working_until == go.until)
    tx.execute(update(IdempotencyRow).where(still_mine).values(working_until=None))


def purge(tx: Session, before: datetime, limit: int = 10_000) -> int:
    """Forgets keys that were first used before then."""
    row = tuple_(IdempotencyRow.client_id, IdempotencyRow.key)
    old = select(IdempotencyRow.client_id, IdempotencyRow.key).where(IdempotencyRow.begun_at < before).limit(limit)
    return len(tx.execute(delete(IdempotencyRow).where(row.in_(old)).returning(IdempotencyRow.key)).all())


def _row(go: Go) -> Any:
    return (IdempotencyRow.client_id == go.client_id) & (IdempotencyRow.key == go.key)


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
