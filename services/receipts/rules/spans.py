"""Days, weeks and months of a place, as moments."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def bounds(span: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """[from, until) of the day, week (from Monday) or month around `now`; None for "total", which has no bounds."""
    today = now.astimezone(zone).date()
    match span:
        case "day":
            first, after = today, today + timedelta(days=1)
        case "week":
            first = today - timedelta(days=today.weekday())
            after = first + timedelta(days=7)
        case "month":
            first = today.replace(day=1)
            after = (first + timedelta(days=31)).replace(day=1)
        case _:
            return None
    return datetime.combine(first, time.min, zone), datetime.combine(after, time.min, zone)
