"""Reminders of an end: 72, 48 and 24 hours before it, and 24 hours after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.platform.outbox import emit
from services.subscriptions.events import ReminderDue

BATCH = 500
HOUR = timedelta(hours=1)

# Before the end: (kind, from how long before, until how long before, states). A mark counts until the next one comes,
# so that after a long stop only the newest is sent. Whoever canceled knows: the last word is enough.
BEFORE = (
    ("72h", 72 * HOUR, 48 * HOUR, ["trial", "active"]),
    ("48h", 48 * HOUR, 24 * HOUR, ["trial", "active"]),
    ("24h", 24 * HOUR, 0 * HOUR, ["trial", "active", "canceled"]),
)

# Rows first, in one statement: whoever comes second, or again, finds them there and gets nothing back.
INTO = """
WITH reminded AS (
  INSERT INTO subscription_reminders (subscription_id, kind, ends_at, at)
  SELECT s.id, CAST(:kind AS text), s.ends_at, CAST(:now AS timestamptz) FROM subscriptions s
   WHERE {which}
     AND NOT EXISTS (SELECT FROM subscription_reminders r
                      WHERE r.subscription_id = s.id AND r.kind = CAST(:kind AS text) AND r.ends_at = s.ends_at)
     AND NOT EXISTS (SELECT FROM subscription_renewals n
                      WHERE n.subscription_id = s.id AND n.turned_off_at IS NULL AND s.state IN ('active', 'grace')
                        AND (n.by = 'provider'
                             OR EXISTS (SELECT FROM subscription_reminders r
                                         WHERE r.subscription_id = s.id AND r.kind = 'renewal'
                                           AND r.ends_at = s.ends_at AND r.why_not IS NULL)))
   ORDER BY {by} LIMIT :limit
  ON CONFLICT DO NOTHING
  RETURNING subscription_id, ends_at)
SELECT s.id, s.party, reminded.ends_at FROM reminded JOIN subscriptions s ON s.id = reminded.subscription_id
"""
# Live, inside the mark's hours, not paid by tokens (their fee has words of its own), and the period, with whatever
# moved its end, began before the mark.
ENDING = INTO.format(
    by="coalesce(s.grace_ends_at, s.ends_at)",
    which="""s.state IN ('trial', 'active', 'canceled', 'grace') AND s.state = ANY(:states)
     AND (s.state = 'canceled' OR NOT jsonb_exists(s.terms, 'subscription_fee'))
     AND coalesce(s.grace_ends_at, s.ends_at) > :after
     AND coalesce(s.grace_ends_at, s.ends_at) <= :before
     AND NOT EXISTS (SELECT FROM subscription_changes c
                      WHERE c.subscription_id = s.id AND c.at >= s.ends_at - CAST(:mark AS interval)
                        AND c.ended_at IS DISTINCT FROM c.ends_at)""",
)
# Ended a day ago by itself, not by its owner's wish nor by a refund, and nothing came after it.
ENDED = INTO.format(
    by="s.ends_at",
    which="""s.state IN ('expired', 'grace') AND s.ends_at > :after AND s.ends_at <= :before
     AND EXISTS (SELECT FROM subscription_changes c
                  WHERE c.subscription_id = s.id AND c.kind IN ('grace', 'expired') AND c.cause = 'schedule'
                    AND c.ends_at = s.ends_at)
     AND (SELECT c.kind FROM subscription_changes c
           WHERE c.subscription_id = s.id AND c.kind NOT IN ('grace', 'expired')
           ORDER BY c.id DESC LIMIT 1) IS DISTINCT FROM 'canceled'
     AND NOT EXISTS (SELECT FROM subscriptions o WHERE o.party = s.party AND o.product = s.product AND o.id > s.id)""",
)


def remind(tx: Session, now: datetime, limit: int = BATCH) -> int:
    """Notes who is to be reminded now, each end and mark once, and has them told. Returns how many: at most `limit` for
    each mark."""
    done = 0
    for kind, mark, until, states in BEFORE:
        bounds = {"after": now + until, "before": now + mark, "mark": mark, "states": states}
        done += _note(tx, ENDING, kind, now, limit, bounds)
    bounds = {"after": now - 48 * HOUR, "before": now - 24 * HOUR}
    return done + _note(tx, ENDED, "after", now, limit, bounds)


def _note(tx: Session, sql: str, kind: str, now: datetime, limit: int, bounds: Mapping[str, object]) -> int:
    rows = tx.execute(text(sql), {"kind": kind, "now": now, "limit": limit, **bounds}).all()
    for row in sorted(rows, key=lambda one: (one.ends_at, one.id)):
        emit(tx, ReminderDue(subscription_id=row.id, party=row.party, ends_at=row.ends_at, kind=kind), now)
    return len(rows)
