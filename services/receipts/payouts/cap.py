"""How many payouts a day may begin, of everybody together."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.receipts.payouts.models import PayoutRow


def take(tx: Session, row: PayoutRow, most: int, now: datetime) -> bool:
    """Counts this payout among those of the day (UTC), one transaction at a time. False when there are as many."""
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("receipts:payouts_a_day", 0))))
    today = now.astimezone(UTC).date()
    if row.counted_on != today:
        begun = tx.scalar(select(func.count()).select_from(PayoutRow).where(PayoutRow.counted_on == today)) or 0
        if begun >= most:
            return False
        row.counted_on = today
    return True


def seconds_to_next_day(now: datetime) -> float:
    tomorrow = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    return (tomorrow - now).total_seconds()
