"""Servers that lost what they had confirmed (reinstalled, restored) get it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.db import Database
from services.platform.outbox import emit
from services.provisioning.events import ServerCheckDue
from services.provisioning.models import WireguardServerRow
from services.provisioning.provisioners.base import Provisioner


def schedule_server_checks(tx: Session, now: datetime) -> int:
    codes = tx.scalars(select(WireguardServerRow.code)).all()
    for code in codes:
        emit(tx, ServerCheckDue(kind="wireguard", server=code), now)
    return len(codes)


def check_server(db: Database, event: ServerCheckDue, now: datetime, provisioners: Mapping[str, Provisioner]) -> None:
    """Raises TryLater or Misconfigured when the server cannot be asked."""
    provisioner = provisioners[event.kind]
    if event.server in provisioner.servers:
        provisioner.repair(db, event.server, now)
