"""What ended long ago is removed at the other side, and its credentials are forgotten here. Who renews before goes on
with the keys they had."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.platform.db import Database
from services.platform.outbox import emit, emit_all, unfinished
from services.provisioning.apply import claimed
from services.provisioning.events_watch import AccessRemovalDue, RemovalsDue
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Provisioners

MANY = 500  # in one run


def schedule_removals(tx: Session, now: datetime) -> int:
    emit(tx, RemovalsDue(), now)
    return 1


def plan_removals(tx: Session, now: datetime, kept: timedelta) -> int:
    """`kept` is how long after its end a grant is kept."""
    row = AccessGrantRow
    over = select(row).where(
        row.wanted == "ended",
        row.ends_at <= now - kept,
        row.removed_at.is_(None),
        row.applied_revision >= row.revision,
        or_(row.held != "absent", row.sealed.is_not(None), row.credentials.is_not(None)),
    )
    rows = tx.scalars(over.order_by(row.ends_at, row.id).limit(MANY)).all()
    tried = {body["grant_id"] for body in unfinished(tx, AccessRemovalDue.name, "provisioning.remove")}
    due = [AccessRemovalDue(grant_id=row.id, revision=row.revision) for row in rows if row.id not in tried]
    emit_all(tx, due, now)
    return len(due)


def remove(db: Database, event: AccessRemovalDue, now: datetime, provisioners: Provisioners) -> None:
    """Raises as a provisioner's `remove`, and TryLater while the grant is being applied."""
    with claimed(db, event.grant_id, provisioners, now) as (provisioner, claim):
        if claim.grant.revision != event.revision:
            return  # it was renewed meanwhile, or is wanted otherwise
        provisioner.remove(db, claim.grant, claim.ref, now)
        with db.begin() as tx:
            row = tx.get_one(AccessGrantRow, event.grant_id, with_for_update=True)
            row.sealed = row.credentials = row.place = row.place_name = None
            row.ref, row.held, row.used_bytes, row.problem = {}, "absent", None, None
            row.removed_at = now
