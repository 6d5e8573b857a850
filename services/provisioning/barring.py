"""An operator suspends a grant, whatever is paid for it, and lets it go on again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.platform import audit
from services.provisioning.grants import any_row, touch


def bar(tx: Session, grant_id: int, *, reason: str, actor: str, now: datetime) -> bool:
    """A renewal does not lift it. `reason` is for operators. False when it was barred already. Raises
    AccessNotFound."""
    row = any_row(tx, grant_id)
    if row.barred is not None:
        return False
    row.barred = reason[:500]
    touch(tx, row, now, cause="bar")
    audit.record(tx, actor=actor, action="access.bar", subject=f"grant:{grant_id}", now=now, reason=row.barred)
    return True


def unbar(tx: Session, grant_id: int, *, reason: str, actor: str, now: datetime) -> bool:
    """From now on it is as its subscription says. False when it was not barred. Raises AccessNotFound."""
    row = any_row(tx, grant_id)
    if row.barred is None:
        return False
    row.barred = None
    touch(tx, row, now, cause="bar")
    audit.record(tx, actor=actor, action="access.unbar", subject=f"grant:{grant_id}", now=now, reason=reason[:500])
    return True
