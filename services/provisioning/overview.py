"""What operators see of grants. No secrets: what is shown to owners stays sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from services.identity import Party
from services.provisioning.grants import any_row, touch
from services.provisioning.models import AccessGrantRow
from services.provisioning.models_watch import AccessRepairRow


@dataclass(frozen=True, slots=True)
class GrantLine:
    """As in models.AccessGrantRow."""

    id: int
    subscription_id: int
    party: str
    good: str
    kind: str
    wanted: str
    held: str
    place: str
    ends_at: datetime
    revision: int
    applied_revision: int
    generation: int
    used_bytes: int | None
    barred: str | None
    problem: str | None
    failing_since: datetime | None
    checked_at: datetime | None
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class RepairLine:
    """As in models_watch.AccessRepairRow."""

    at: datetime
    what: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def grants(
    tx: Session, *, failing: bool = False, place: str | None = None, party: Party | None = None, limit: int = 100
) -> list[GrantLine]:
    """Newest first. `failing`: those which the other side does not take, longest first, and those held back."""
    row = AccessGrantRow
    wanted: list[ColumnElement[bool]] = []
    if failing:
        wanted.append(or_(row.failing_since.is_not(None), row.gone_at.is_not(None)))
    if place is not None:
        wanted.append(row.place == place)
    if party is not None:
        wanted.append(row.party == str(party))
    order = (row.failing_since.asc().nulls_last(), row.id) if failing else (row.id.desc(),)
    return [_seen(one) for one in tx.scalars(select(row).where(*wanted).order_by(*order).limit(limit))]


def grant_line(tx: Session, grant_id: int) -> GrantLine:
    """Raises AccessNotFound."""
    return _seen(any_row(tx, grant_id))


def repairs_of(tx: Session, grant_id: int, limit: int = 20) -> list[RepairLine]:
    """Newest first."""
    rows = select(AccessRepairRow).where(AccessRepairRow.grant_id == grant_id).order_by(AccessRepairRow.id.desc())
    return [RepairLine(row.at, row.what, row.before, row.after) for row in tx.scalars(rows.limit(limit))]


def counts(tx: Session) -> Sequence[tuple[str, str, int, int]]:
    """(kind, place, how many are held there, how many fail) of every place that has any."""
    row = AccessGrantRow
    place = func.coalesce(row.place, "")
    held = func.count().filter(row.held != "absent")
    failing = func.count().filter(row.failing_since.is_not(None))
    rows = tx.execute(select(row.kind, place, held, failing).group_by(row.kind, place).order_by(row.kind, place))
    return [(kind, where, int(some), int(bad)) for kind, where, some, bad in rows]


def retry(tx: Session, grant_id: int, now: datetime) -> None:
    """Has it applied again, at once. Raises AccessNotFound."""
    touch(tx, any_row(tx, grant_id), now, cause="repair")


def _seen(row: AccessGrantRow) -> GrantLine:
    return GrantLine(
        id=row.id,
        subscription_id=row.subscription_id,
        party=row.party,
        good=row.good,
        kind=row.kind,
        wanted=row.wanted,
        held=row.held,
        place=row.place or "",
        ends_at=row.ends_at,
        revision=row.revision,
        applied_revision=row.applied_revision,
        generation=row.generation,
        used_bytes=row.used_bytes,
        barred=row.barred,
        problem=row.problem,
        failing_since=row.failing_since,
        checked_at=row.checked_at,
        gone_at=row.gone_at,
    )
