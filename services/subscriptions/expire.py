"""What the clock ends, in batches of plain statements: a day's sweep of many thousands costs what its rows cost."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from services.catalog import Period
from services.platform.outbox import emit_all
from services.subscriptions.events import GraceBegan, SubscriptionExpired
from services.subscriptions.models import SubscriptionChangeRow, SubscriptionRow
from services.subscriptions.states import after

BATCH = 1000
DUE = ("trial", "active", "canceled", "grace")
NEXT = func.coalesce(SubscriptionRow.grace_ends_at, SubscriptionRow.ends_at)


def expire(tx: Session, now: datetime, limit: int = BATCH) -> int:
    """Ends what is over, on our own clock, the longest over first; who has a period of grace begins it instead, once.
    Returns how many: at most `limit` a run."""
    table = SubscriptionRow.table()
    over = select(table).where(table.c.state.in_(DUE), now >= NEXT)
    rows = tx.execute(over.order_by(NEXT).limit(limit).with_for_update(skip_locked=True)).all()
    journal, moved = [], []
    news: list[GraceBegan | SubscriptionExpired] = []
    for row in rows:
        grace = row.terms.get("grace") if row.state == "active" else None
        until = Period.from_json(grace).after(row.ends_at, row.ends_at.day) if grace else None
        late = until is not None and until > now
        state = after(row.state, "late" if late else "ended")
        moved.append({"row_id": row.id, "state": state, "grace_ends_at": until if late else None})
        journal.append(
            {
                "subscription_id": row.id,
                "at": now,
                "kind": "grace" if late else "expired",
                "state": state,
                "cause": "schedule",
                "ended_at": row.ends_at,
                "ends_at": row.ends_at,
            }
        )
        about = {"subscription_id": row.id, "party": row.party, "ends_at": row.ends_at}
        news.append(GraceBegan(**about, until=until) if late and until else SubscriptionExpired(**about))
    if rows:
        _move(tx, moved)
        tx.connection().execute(insert(SubscriptionChangeRow.table()), journal)
        emit_all(tx, news, now)
        tx.expire_all()
    return len(rows)


def _move(tx: Session, moved: list[dict[str, object]]) -> None:
    table = SubscriptionRow.table()
    change = update(table).where(table.c.id == bindparam("row_id"))
    tx.connection().execute(change.values(state=bindparam("state"), grace_ends_at=bindparam("grace_ends_at")), moved)
