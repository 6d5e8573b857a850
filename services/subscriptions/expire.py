from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.outbox import emit
from services.subscriptions.events import SubscriptionExpired
from services.subscriptions.models import SubscriptionChangeRow, SubscriptionRow


def expire(tx: Session, now: datetime, limit: int = 500) -> int:
    """Ends what is over, on our own clock, the longest over first. Returns how many: at most `limit` a run."""
    over = select(SubscriptionRow).where(SubscriptionRow.state == "active", SubscriptionRow.ends_at <= now)
    rows = tx.scalars(over.order_by(SubscriptionRow.ends_at).limit(limit).with_for_update(skip_locked=True)).all()
    for row in rows:
        row.state = "expired"
        change = SubscriptionChangeRow(
            subscription_id=row.id, at=now, kind="expired", ended_at=row.ends_at, ends_at=row.ends_at
        )
        tx.add(change)
        emit(tx, SubscriptionExpired(subscription_id=row.id, party=row.party, ends_at=row.ends_at), now)
    return len(rows)
