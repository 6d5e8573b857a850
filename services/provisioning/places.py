"""Places that lost what they had confirmed (reinstalled, restored) get it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from services.platform.db import Database
from services.platform.outbox import emit
from services.provisioning.events import ChecksDue, ServerCheckDue
from services.provisioning.provisioners.base import Provisioner


def schedule_checks(tx: Session, now: datetime) -> int:
    emit(tx, ChecksDue(), now)
    return 1


def plan_checks(tx: Session, now: datetime, provisioners: Mapping[str, Provisioner]) -> None:
    """One check for each place, so that a slow one delays nobody else."""
    for kind, provisioner in provisioners.items():
        for place in provisioner.places(tx):
            emit(tx, ServerCheckDue(kind=kind, server=place), now)


def check_server(db: Database, event: ServerCheckDue, now: datetime, provisioners: Mapping[str, Provisioner]) -> None:
    """Raises TryLater or Misconfigured when the place cannot be asked."""
    provisioner = provisioners.get(event.kind)
    if provisioner is not None:
        provisioner.repair(db, event.server, now)
