"""What another side says by itself is a hint: it makes us look at that grant, compare and repair, and decides nothing.

Our own changes come back as hints, too; they differ from nothing and end there. Two who change the same thing back and
forth stop after a few times an hour: the regular comparison goes on at its own pace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.platform.clock import wall_clock
from services.platform.db import Database
from services.platform.outbox import emit
from services.provisioning.events import AccessHinted
from services.provisioning.grants import read, touch
from services.provisioning.models import AccessGrantRow, AccessHintRow
from services.provisioning.provisioners.base import Grant, Held, Provisioner

MOST_REPAIRS = 3  # of one grant within an hour
HOUR = timedelta(hours=1)
KEPT = timedelta(hours=2)  # much longer than any sender repeats itself
LARGEST_ID = 2**63 - 1
SAME = timedelta(seconds=1)

log = structlog.get_logger(__name__)


def note_hint(tx: Session, *, kind: str, place: str, key: str, digest: str, now: datetime) -> bool:
    """Stores that something was said of a grant; `digest` is the same when it is said again. False: it is known, or
    there is no such grant at that place."""
    number = int(key[1:])
    own = select(AccessGrantRow.id).where(AccessGrantRow.id == number, AccessGrantRow.kind == kind)
    if number > LARGEST_ID or tx.scalar(own.where(AccessGrantRow.place == place)) is None:
        return False
    row = insert(AccessHintRow).values(digest=digest, grant_id=number, received_at=now)
    if tx.scalar(row.on_conflict_do_nothing().returning(AccessHintRow.digest)) is None:
        return False
    emit(tx, AccessHinted(grant_id=number, digest=digest), now)
    return True


def look(db: Database, event: AccessHinted, now: datetime, provisioners: Mapping[str, Provisioner]) -> None:
    """Asks the other side, and has the grant applied again where it differs. Raises as a provisioner's `fetch`."""
    with db.begin() as tx:
        row = tx.get_one(AccessGrantRow, event.grant_id)
        if row.applied_revision < row.revision or row.kind not in provisioners:
            return  # it is about to be applied anyway
        grant, ref, provisioner = read(tx, row), row.ref, provisioners[row.kind]
    held = provisioner.fetch(db, grant, ref, now)
    with db.begin() as tx:
        row = tx.get_one(AccessGrantRow, event.grant_id, with_for_update=True)
        if row.revision != grant.revision or (row.claimed_until is not None and row.claimed_until > wall_clock()):
            return  # what was seen is of before
        if not differs(grant, held, row.credentials, now):
            row.held, row.problem, row.checked_at = held.state, held.problem, now
            row.used_bytes = row.used_bytes if held.used_bytes is None else held.used_bytes
        elif _may_repair(tx, event, now):
            touch(tx, row, now, cause="repair")


def differs(grant: Grant, held: Held, credentials: str | None, now: datetime) -> bool:
    """Whether the other side has something else than is wanted. Less traffic or none left is no difference."""
    if held.problem == "differs":
        return True
    if grant.state != "active" or grant.ends_at <= now:
        return held.state in ("active", "limited") and (held.ends_at is None or held.ends_at > now)
    if held.state not in ("active", "limited") or (held.key and held.key != credentials):
        return True
    return held.ends_at is not None and abs(held.ends_at - grant.ends_at) > SAME


def purge_hints(tx: Session, now: datetime) -> int:
    old = delete(AccessHintRow).where(AccessHintRow.received_at < now - KEPT)
    return len(tx.execute(old.returning(AccessHintRow.digest)).all())


def _may_repair(tx: Session, event: AccessHinted, now: datetime) -> bool:
    """The grant is locked: its hints take turns."""
    recent = AccessHintRow.grant_id == event.grant_id, AccessHintRow.repaired_at > now - HOUR
    if (tx.scalar(select(func.count()).where(*recent)) or 0) >= MOST_REPAIRS:
        log.warning("access_changed_again_and_again", grant_id=event.grant_id)
        return False
    hint = tx.get(AccessHintRow, event.digest)
    if hint is not None:
        hint.repaired_at = now
    return True
