"""What operators do with single licences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import catalog
from services.platform import audit
from services.platform.errors import Conflict
from services.provisioning.grants import any_row, touch
from services.provisioning.licences import pool as keys
from services.provisioning.licences.verify import state_of_licence
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import OutOfStock
from services.provisioning.stock import SoldOut

REVOKED = "revoked"


class NothingToReplace(Conflict):
    """Only a licence that runs is replaced, and only one that is revoked is restored."""

    code: ClassVar[str] = "nothing_to_replace"


@dataclass(frozen=True, slots=True)
class LicenceLine:
    """A licence somebody was given. `state` as in LicenceState, or sold_out; `pool` is None where it is signed."""

    grant_id: int
    party: str
    good: str
    pool: str | None
    state: str
    generation: int
    ends_at: datetime


def list_licences(tx: Session, now: datetime, *, party: str | None = None, limit: int = 100) -> list[LicenceLine]:
    """Newest first."""
    rows = select(AccessGrantRow).where(AccessGrantRow.kind == "licence").order_by(AccessGrantRow.id.desc())
    if party is not None:
        rows = rows.where(AccessGrantRow.party == party)
    return [
        LicenceLine(
            grant_id=row.id,
            party=row.party,
            good=row.good,
            pool=row.place,
            state="sold_out" if row.sold_out_at else state_of_licence(tx, row, now),
            generation=row.generation,
            ends_at=row.ends_at,
        )
        for row in tx.scalars(rows.limit(limit))
    ]


def revoke_licence(
    tx: Session, grant_id: int, *, reason: str, actor: str, now: datetime, replace: bool = False
) -> None:
    """From now on the licence is not valid, whatever its subscription says; or, with `replace`, its key is not, and
    its owner gets another one. `reason` (500 characters) is for the journal. Raises AccessNotFound, NothingToReplace,
    SoldOut."""
    row = _licence(tx, grant_id)
    if replace:
        if row.wanted != "active" or row.barred is not None or row.sold_out_at is not None:
            raise NothingToReplace(f"licence {grant_id} does not run")
        row.generation += 1
        if (pool := catalog.good(tx, row.good).options.get("pool")) is not None:
            _take_another(tx, str(pool), row, now)
        touch(tx, row, now, cause="rotation")
    elif row.barred is None:
        row.barred = REVOKED
        touch(tx, row, now, cause="bar")
    _note(tx, row, "licence.replace" if replace else "licence.revoke", actor, now, reason)


def restore_licence(tx: Session, grant_id: int, *, reason: str, actor: str, now: datetime) -> None:
    """It counts again as its subscription says. Raises AccessNotFound, NothingToReplace."""
    row = _licence(tx, grant_id)
    if row.barred != REVOKED:
        raise NothingToReplace(f"licence {grant_id} is not revoked")
    row.barred = None
    touch(tx, row, now, cause="bar")
    _note(tx, row, "licence.restore", actor, now, reason)


def _take_another(tx: Session, pool: str, row: AccessGrantRow, now: datetime) -> None:
    try:
        keys.hold(tx, pool, row.id, row.generation, now, rest=timedelta())
    except OutOfStock as error:
        raise SoldOut(str(error)) from None


def _licence(tx: Session, grant_id: int) -> AccessGrantRow:
    return any_row(tx, grant_id, "licence")


def _note(tx: Session, row: AccessGrantRow, action: str, actor: str, now: datetime, reason: str) -> None:
    audit.record(tx, actor=actor, action=action, subject=f"grant:{row.id}", now=now, reason=reason[:500])
