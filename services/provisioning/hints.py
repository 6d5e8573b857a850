"""What another side says by itself is a hint: it makes us look at that grant, compare and repair, and decides nothing.

Our own changes come back as hints, too; they differ from nothing and end there. However many hints there are of a
grant, it is looked at once in a few seconds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.clock import wall_clock
from services.platform.db import Database
from services.platform.errors import TryLater
from services.platform.outbox import emit
from services.provisioning import repairs
from services.provisioning.compare import What, difference
from services.provisioning.events_watch import AccessHinted
from services.provisioning.grants import read
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Grant, Held, Provisioners

KEY = re.compile(r"k([1-9][0-9]{0,17})")
QUIET = timedelta(seconds=5)  # after it was applied or looked at: a storm of hints is one
FORGOTTEN = timedelta(hours=1)  # a hint that nobody looked into is not waited for any longer


def note_hint(tx: Session, *, kind: str, place: str, key: str, now: datetime, digest: str = "") -> bool:
    """Something happened at the other side to what it knows as `key`. False where that is nothing of ours. `digest`
    names what was said, for the journal."""
    named = KEY.fullmatch(key)
    if named is None:
        return False
    own = select(AccessGrantRow).where(
        AccessGrantRow.id == int(named[1]), AccessGrantRow.kind == kind, AccessGrantRow.place == place
    )
    row = tx.scalar(own.with_for_update())
    if row is None:
        return False
    if row.hinted_at is None or row.hinted_at < now - FORGOTTEN:
        emit(tx, AccessHinted(grant_id=row.id, digest=digest), now)
    row.hinted_at = now
    return True


def look(db: Database, event: AccessHinted, now: datetime, provisioners: Provisioners) -> None:
    """Asks the other side, and has the grant applied again where it differs. Raises as a provisioner's `fetch`, and
    TryLater where it was looked at a moment ago."""
    with db.begin() as tx:
        row = tx.get_one(AccessGrantRow, event.grant_id, with_for_update=True)
        hinted_at = row.hinted_at
        if hinted_at is None:
            return
        if row.kind not in provisioners or row.applied_revision < row.revision:
            row.hinted_at = None  # it is about to be applied anyway
            return
        is_claimed = row.claimed_until is not None and row.claimed_until > wall_clock()
        if is_claimed or (row.checked_at is not None and row.checked_at > now - QUIET):
            raise TryLater(f"grant {row.id} was looked at a moment ago", after=QUIET.total_seconds())
        provisioner, grant, ref = provisioners[row.kind], read(tx, row), row.ref
        before, credentials = row.held, row.credentials
    held = provisioner.fetch(db, grant, ref, now)
    with db.begin() as tx:
        what = difference(grant, held, before, credentials, now)
        if (seen := repairs.still_as_asked(tx, [grant]).get(grant.id)) is not None:
            _note(tx, seen, grant, held, what, now)
        row = tx.get_one(AccessGrantRow, event.grant_id)
        is_over = row.hinted_at == hinted_at
        row.hinted_at = None if is_over else now
        if not is_over:  # more was said while we asked
            emit(tx, AccessHinted(grant_id=row.id), now)


def _note(tx: Session, row: AccessGrantRow, grant: Grant, held: Held, what: What | None, now: datetime) -> None:
    place = row.place or ""
    if what is None:
        repairs.note_same(row, held, now)
    elif what == "absent" and not repairs.may_make_again(tx, row.kind, place, 1, 1, now):
        repairs.hold_back(tx, [row], row.kind, place, now)
    else:
        repairs.repair(tx, row, grant, held, what, now)
    repairs.release(tx, row.kind, place, now)
