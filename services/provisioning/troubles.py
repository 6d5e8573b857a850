"""Places in trouble: operators are told once, and once more when it is over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.platform.errors import KioskError, Misconfigured
from services.platform.outbox import emit
from services.provisioning.events_watch import PlaceMended, PlaceTroubled
from services.provisioning.models_watch import AccessPlaceRow
from services.provisioning.provisioners.base import Health

NEARLY_FULL, ROOM_AGAIN = 0.80, 0.75  # of the capacity; in between nothing is news
CREDENTIALS_END = timedelta(days=14)
LONGEST = 300  # letters of what is kept
SILENCE = ("unreachable", "misconfigured")


@dataclass(frozen=True, slots=True)
class PlaceTrouble:
    """As in AccessPlaceRow; `is_told`: it has lasted long enough for operators to hear of it."""

    kind: str
    place: str
    trouble: str
    says: str
    since: datetime
    is_told: bool


def troubles(tx: Session) -> list[PlaceTrouble]:
    rows = select(AccessPlaceRow).order_by(AccessPlaceRow.kind, AccessPlaceRow.place, AccessPlaceRow.trouble)
    return [
        PlaceTrouble(row.kind, row.place, row.trouble, row.says, row.since, row.told_at is not None)
        for row in tx.scalars(rows)
    ]


def note_trouble(tx: Session, kind: str, place: str, trouble: str, says: str, now: datetime, patience: int = 1) -> None:
    """Operators hear of it when it was seen `patience` times in a row."""
    key = {"kind": kind, "place": place, "trouble": trouble}
    first = insert(AccessPlaceRow).values(**key, says=says[:LONGEST], since=now, times=0)
    tx.execute(first.on_conflict_do_nothing())
    row = tx.get_one(AccessPlaceRow, key, with_for_update=True, populate_existing=True)
    row.times, row.says = row.times + 1, says[:LONGEST]
    if row.told_at is None and row.times >= patience:
        row.told_at = now
        emit(tx, PlaceTroubled(**key, says=row.says, since=row.since), now)


def note_over(tx: Session, kind: str, place: str, over: Collection[str], now: datetime) -> None:
    of_place = AccessPlaceRow.kind == kind, AccessPlaceRow.place == place, AccessPlaceRow.trouble.in_(over)
    for row in tx.scalars(select(AccessPlaceRow).where(*of_place).with_for_update()):
        if row.told_at is not None:
            emit(tx, PlaceMended(kind=kind, place=place, trouble=row.trouble, since=row.since), now)
        tx.delete(row)
    tx.flush()


def forget_others(tx: Session, kind: str, places: Collection[str]) -> None:
    """Places that are no more have no trouble, either."""
    tx.execute(delete(AccessPlaceRow).where(AccessPlaceRow.kind == kind, AccessPlaceRow.place.not_in(places)))


def note_error(tx: Session, kind: str, place: str, error: KioskError, now: datetime) -> None:
    """Once it may be chance, unless somebody has to act in any case."""
    if isinstance(error, Misconfigured):
        note_over(tx, kind, place, ("unreachable",), now)
        note_trouble(tx, kind, place, "misconfigured", str(error), now)
    else:
        note_trouble(tx, kind, place, "unreachable", str(error), now, patience=2)


def note_health(tx: Session, kind: str, place: str, health: Health, now: datetime) -> None:
    """What is running out is a trouble, too."""
    over = []
    share = health.used / health.capacity if health.used is not None and health.capacity else 0.0
    says = f"{health.used} of {health.capacity} are taken"
    if share >= 1:
        note_trouble(tx, kind, place, "full", says, now)
    else:
        over.append("full")
    if share >= NEARLY_FULL:
        note_trouble(tx, kind, place, "nearly_full", says, now)
    elif share < ROOM_AGAIN:
        over.append("nearly_full")
    if health.expires_at is not None and health.expires_at - now <= CREDENTIALS_END:
        until = f"until {health.expires_at:%Y-%m-%d %H:%M} UTC"
        note_trouble(tx, kind, place, "credentials_ending", until, now)
    else:
        over.append("credentials_ending")
    note_over(tx, kind, place, over, now)
