"""Rows of grants: finding them, changing what is wanted, reading them as the port's Grant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import catalog, identity, subscriptions
from services.identity import Party
from services.platform.errors import Conflict, NotFound
from services.platform.outbox import emit
from services.provisioning.events import AccessSoldOut, GrantChanged
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Grant


class AccessNotFound(NotFound):
    """There is no such grant, or it is another party's."""

    code: ClassVar[str] = "access_not_found"


class AccessNotReady(Conflict):
    """It is being prepared, suspended or over."""

    code: ClassVar[str] = "access_not_ready"


def own_row(tx: Session, party: Party, grant_id: int) -> AccessGrantRow:
    """Locked. Raises AccessNotFound, also for other people's."""
    own = select(AccessGrantRow).where(AccessGrantRow.id == grant_id, AccessGrantRow.party == str(party))
    row = tx.scalar(own.with_for_update())
    if row is None:
        raise AccessNotFound(f"grant {grant_id} of {party}")
    return row


def any_row(tx: Session, grant_id: int, kind: str | None = None) -> AccessGrantRow:
    """For operators, who see everybody's; with `kind` none of another one. Locked. Raises AccessNotFound."""
    row = tx.get(AccessGrantRow, grant_id, with_for_update=True)
    if row is None or kind not in (None, row.kind):
        raise AccessNotFound(f"{kind or 'grant'} {grant_id}")
    return row


def touch(
    tx: Session, row: AccessGrantRow, now: datetime, *, cause: str, change_id: int = 0, invoice_id: int = 0
) -> None:
    """What is wanted has changed: the other side hears of it."""
    row.revision += 1
    tx.flush()
    news = GrantChanged(grant_id=row.id, revision=row.revision, cause=cause, change_id=change_id, invoice_id=invoice_id)
    emit(tx, news, now)


def read(tx: Session, row: AccessGrantRow) -> Grant:
    """With the limits of the terms in force."""
    return read_all(tx, [row])[row.id]


def read_all(tx: Session, rows: Sequence[AccessGrantRow]) -> dict[int, Grant]:
    """By their ids, with as few questions for many as for one."""
    own = subscriptions.subscriptions_by_id(tx, {row.subscription_id for row in rows})
    people = [party.id for party in (Party.parse(row.party) for row in rows) if party.kind == "user"]
    telegram_ids = identity.telegram_ids(tx, people)
    goods = {name: catalog.good(tx, name) for name in {row.good for row in rows}}
    return {
        row.id: _grant(row, own[row.subscription_id].terms, telegram_ids.get(Party.parse(row.party)), goods[row.good])
        for row in rows
    }


def _grant(row: AccessGrantRow, terms: catalog.Quote, telegram_id: int | None, good: catalog.Good) -> Grant:
    return Grant(
        id=row.id,
        revision=row.revision,
        party=row.party,
        telegram_id=telegram_id,
        good=good,
        state=_state(row),
        ends_at=_whole_seconds(row.ends_at),
        traffic_bytes=terms.traffic_bytes,
        traffic_reset=terms.traffic_reset,
        devices=terms.devices,
        speed_mbps=terms.speed_mbps,
        locations=terms.locations,
        location=row.location,
        generation=row.generation,
        usage_epoch=row.usage_epoch,
    )


def _state(row: AccessGrantRow) -> Literal["active", "suspended", "ended"]:
    if row.wanted == "active":
        return "suspended" if row.barred is not None else "active"
    return "suspended" if row.wanted == "suspended" else "ended"


def _whole_seconds(at: datetime) -> datetime:
    """Rounded up: other sides cut what is finer, and nobody loses the last second."""
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)


def tell_sold_out(tx: Session, row: AccessGrantRow, invoice_id: int, now: datetime) -> None:
    """Of an order of which one grant was sold out."""
    news = AccessSoldOut(grant_id=row.id, subscription_id=row.subscription_id, invoice_id=invoice_id, party=row.party)
    emit(tx, news, now)
