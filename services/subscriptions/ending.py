"""What people are told about ends that come near: when, and in which order."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from services.platform.outbox import emit
from services.subscriptions import remind, renew
from services.subscriptions.events import EndsDue

MORNING, EVENING = 9, 21  # the hours in which people are written to without their asking


def schedule_ends(tx: Session, now: datetime) -> int:
    """Has `look_at_ends` called, which knows the time zone."""
    emit(tx, EndsDue(), now)
    return 1


def look_at_ends(tx: Session, now: datetime, time_zone: str) -> None:
    """Announces renewals and reminds, in batches: while one is full, another follows. At night nobody is told: what
    comes due then is said in the morning. Whatever renews by itself must be announced before anybody is reminded."""
    if not is_decent(now, time_zone):
        return
    more = renew.announce_renewals(tx, now) == renew.BATCH
    if not more:
        tx.flush()
        more = remind.remind(tx, now) >= remind.BATCH
    if more:
        emit(tx, EndsDue(), now)


def is_decent(at: datetime, time_zone: str) -> bool:
    return MORNING <= at.astimezone(ZoneInfo(time_zone)).hour < EVENING


def next_decent(at: datetime, time_zone: str) -> datetime:
    """This moment, or the morning after the night it is in."""
    local = at.astimezone(ZoneInfo(time_zone))
    if MORNING <= local.hour < EVENING:
        return at
    day = local.date() + timedelta(days=1 if local.hour >= EVENING else 0)
    return datetime(day.year, day.month, day.day, MORNING, tzinfo=ZoneInfo(time_zone)).astimezone(at.tzinfo)
