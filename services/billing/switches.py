"""Providers that an operator has taken off the counter. What was begun with them goes on: only new attempts stop."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models import ProviderSwitchRow
from services.platform import audit
from services.platform.errors import Conflict


class ProviderOff(Conflict):
    """An operator has switched it off, or it was never configured."""

    code: ClassVar[str] = "provider_off"


def offered(tx: Session, codes: Iterable[str]) -> list[str]:
    """Those of `codes` which buyers are offered, in their order."""
    off = set(tx.scalars(select(ProviderSwitchRow.provider).where(~ProviderSwitchRow.offered)))
    return [code for code in codes if code not in off]


def switch(tx: Session, provider: str, *, on: bool, actor: str, reason: str, now: datetime) -> None:
    row = {"offered": on, "reason": reason[:500], "changed_at": now}
    stored = insert(ProviderSwitchRow).values(provider=provider, **row)
    tx.execute(stored.on_conflict_do_update(index_elements=["provider"], set_=row))
    action = "provider.on" if on else "provider.off"
    audit.record(tx, actor=actor, action=action, subject=f"provider:{provider}", now=now, reason=reason[:500])


def require_offered(tx: Session, provider: str) -> None:
    """Raises ProviderOff."""
    if not offered(tx, [provider]):
        raise ProviderOff(provider)
