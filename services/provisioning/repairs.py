"""Ordering that a grant is made equal again, with a line about it, and within limits: who empties a panel by mistake
shall not have it filled by another one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from services.platform.clock import wall_clock
from services.provisioning.compare import What
from services.provisioning.grants import touch
from services.provisioning.models import AccessGrantRow
from services.provisioning.models_watch import AccessRepairRow
from services.provisioning.provisioners.base import Grant, Held
from services.provisioning.troubles import note_over, note_trouble

FEW, SHARE = 20, 5  # so many, or a fifth, may be gone at once
HOUR = timedelta(hours=1)
# Of one grant: whoever changes it back and forth with us is left alone for a while.
MOST, WITHIN = 3, timedelta(hours=6)

log = structlog.get_logger(__name__)


def still_as_asked(tx: Session, grants: Iterable[Grant]) -> dict[int, AccessGrantRow]:
    """Their rows, locked, by their ids. Missing are those of which what was seen is of before: they were changed, or
    somebody is at them."""
    revisions = {grant.id: grant.revision for grant in grants}
    row = AccessGrantRow
    own = select(row).where(
        row.id.in_(revisions),
        row.applied_revision >= row.revision,
        or_(row.claimed_until.is_(None), row.claimed_until <= wall_clock()),
    )
    locked = own.order_by(row.id).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return {one.id: one for one in tx.scalars(locked) if one.revision == revisions[one.id]}


def note_same(row: AccessGrantRow, held: Held, now: datetime) -> None:
    row.held, row.checked_at, row.gone_at = held.state, now, None
    row.problem = held.problem
    if held.used_bytes is not None:
        row.used_bytes = held.used_bytes


def repair(tx: Session, row: AccessGrantRow, grant: Grant, held: Held, what: What, now: datetime) -> bool:
    """Orders that this grant is applied again. False when it has been in vain too often lately."""
    row.checked_at = now
    recent = AccessRepairRow.grant_id == row.id, AccessRepairRow.at > now - WITHIN
    if (tx.scalar(select(func.count()).where(*recent)) or 0) >= MOST:
        row.problem = "differs_again"
        log.warning("access_differs_again_and_again", grant_id=row.id, what=what)
        return False
    line = AccessRepairRow(
        grant_id=row.id,
        kind=row.kind,
        place=row.place,
        at=now,
        what=what,
        before=_plain(held.state, held.ends_at, held.problem),
        after=_plain(grant.state, grant.ends_at, None),
    )
    tx.add(line)
    touch(tx, row, now, cause="repair")
    return True


def may_make_again(tx: Session, kind: str, place: str, gone: int, looked: int, now: datetime) -> bool:
    """Whether so many of those that were looked at may be made again now. False also while others wait for an
    operator's word."""
    if waiting(tx, kind, place):
        return False
    mine = AccessGrantRow.kind == kind, AccessGrantRow.place == place, AccessGrantRow.wanted == "active"
    everybody = tx.scalar(select(func.count()).where(*mine)) or 0
    lately = (AccessRepairRow.kind == kind, AccessRepairRow.place == place, AccessRepairRow.at > now - HOUR)
    made = tx.scalar(select(func.count()).where(*lately, AccessRepairRow.what == "absent")) or 0
    return gone <= max(FEW, looked // SHARE) and gone + made <= max(FEW, everybody // SHARE)


def hold_back(tx: Session, rows: list[AccessGrantRow], kind: str, place: str, now: datetime) -> None:
    """Nothing is made again until an operator says so, or they are there again."""
    for row in rows:
        row.gone_at, row.checked_at = row.gone_at or now, now
    tx.flush()
    if rows:
        says = f"{waiting(tx, kind, place)} grants are not there any more"
        note_trouble(tx, kind, place, "losses", says, now)


def release(tx: Session, kind: str, place: str, now: datetime) -> None:
    """Tells that losses are over, once none is left."""
    tx.flush()
    if not waiting(tx, kind, place):
        note_over(tx, kind, place, ("losses",), now)


def waiting(tx: Session, kind: str, place: str) -> int:
    """How many are gone and held back."""
    gone = AccessGrantRow.kind == kind, AccessGrantRow.place == place, AccessGrantRow.gone_at.is_not(None)
    return tx.scalar(select(func.count()).where(*gone)) or 0


def _plain(state: str, ends_at: datetime | None, problem: str | None) -> dict[str, Any]:
    shown = {"state": state, "ends_at": ends_at.isoformat() if ends_at else None, "problem": problem}
    return {name: value for name, value in shown.items() if value is not None}
