"""What the clock does to a million subscriptions of which a hundred thousand live: a day of ends, swept in batches,
against one bare statement for each batch that changes the same rows and writes the same journal and events (the
ceiling), on the same tables, in turns.

Memory is the growth of this process from the first batch to the last: it must not depend on how many there are."""

from __future__ import annotations

import resource
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy import text

from bench.rig import Cost, rig, stopwatch, table
from services import subscriptions
from services.platform.db import Database
from services.subscriptions import remind

NOW = datetime(2027, 6, 1, tzinfo=UTC)
ALL, LIVE = 1_000_000, 100_000
BATCH = 1000
ROUNDS = 12

FILL = """
INSERT INTO subscriptions (party, product, state, terms, started_at, ends_at, anchor_day)
SELECT 'user:' || n, 'vpn', CASE WHEN n <= %(live)s THEN 'active' ELSE 'expired' END, %(terms)s::jsonb,
       %(now)s::timestamptz - interval '30 days',
       CASE WHEN n <= %(live)s THEN %(now)s::timestamptz + n * interval '26 seconds'
            ELSE %(now)s::timestamptz - n * interval '10 seconds' END, 1
FROM generate_series(1, %(all)s) AS n
"""
TERMS = """{"tariff": "vpn-1m", "revision": 1, "product": "vpn", "name": {"ru": "VPN"}, "tokens": 0, "devices": 3,
 "price": {"minor": 29900, "currency": "RUB"}, "period": {"count": 1, "unit": "month"}, "traffic_bytes": null,
 "speed_mbps": null, "locations": [], "access": ["wireguard"]}"""
BARE = """
WITH over AS (
  SELECT id, party, ends_at FROM subscriptions
  WHERE state IN ('trial', 'active', 'canceled', 'grace') AND coalesce(grace_ends_at, ends_at) <= %(now)s
  ORDER BY coalesce(grace_ends_at, ends_at) LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), moved AS (
  UPDATE subscriptions SET state = 'expired' FROM over WHERE subscriptions.id = over.id
), journal AS (
  INSERT INTO subscription_changes (subscription_id, at, kind, state, cause, ended_at, ends_at)
  SELECT id, %(now)s, 'expired', 'expired', 'schedule', ends_at, ends_at FROM over
), news AS (
  INSERT INTO outbox_events (name, body, occurred_at, planned)
  SELECT 'subscriptions.expired', jsonb_build_object('subscription_id', id, 'party', party, 'ends_at', ends_at,
                                                     'refunded', false), %(now)s, false FROM over
)
SELECT count(*) FROM over
"""

Sweep = Callable[[datetime], int]


def fill(db: Database) -> None:
    with db.listen_connection() as connection:
        connection.execute(FILL, {"live": LIVE, "all": ALL, "now": NOW, "terms": TERMS})
        connection.execute("VACUUM ANALYZE subscriptions")


def ours(db: Database) -> Sweep:
    def sweep(now: datetime) -> int:
        with db.begin() as tx:
            return subscriptions.expire(tx, now, BATCH)

    return sweep


def bare(connection: psycopg.Connection[tuple[int]]) -> Sweep:
    def sweep(now: datetime) -> int:
        found = connection.execute(BARE, {"now": now, "batch": BATCH}).fetchone()
        assert found
        return found[0]

    return sweep


def nothing_to_do(db: Database) -> float:
    """Milliseconds of a run that finds nothing, which is what nearly every minute's does."""
    sweep, runs = ours(db), 20
    with stopwatch(runs) as cost:
        for _ in range(runs):
            if sweep(NOW - timedelta(days=1)):
                raise SystemExit("there was to be nothing to do")
    return cost.wall / runs * 1000


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_turns(db: Database) -> tuple[Cost, Cost, float]:
    """(ceiling, ours, MB by which this process grew); the first batch of each only warms up."""
    costs, memory = (Cost(ROUNDS * BATCH), Cost(ROUNDS * BATCH)), 0.0
    with db.listen_connection() as connection:
        sweeps = bare(connection), ours(db)
        for number in range(2 * (ROUNDS + 1)):
            now = NOW + (number + 1) * BATCH * timedelta(seconds=26)  # the next thousand have ended
            with stopwatch(BATCH) as cost:
                if sweeps[number % 2](now) != BATCH:
                    raise SystemExit(f"{BATCH} were to be swept")
            if number < 2:
                memory = peak_mb()
                continue
            costs[number % 2].wall += cost.wall
            costs[number % 2].cpu += cost.cpu
    return *costs, peak_mb() - memory


def reminders(db: Database) -> Cost:
    """Of the three marks before an end, a batch each: who is near enough is noted once, and announced."""
    cost = Cost(0)
    for _ in range(3):
        with stopwatch(3 * BATCH) as one, db.begin() as tx:
            if remind.remind(tx, NOW, BATCH) != one.count:
                raise SystemExit(f"{one.count} were to be reminded")
        cost.count, cost.wall = cost.count + one.count, cost.wall + one.wall
    return cost


def check(db: Database) -> None:
    """Nothing is worth measuring that did not happen: both have left the same rows."""
    for what in ("subscription_changes WHERE kind = 'expired'", "outbox_events WHERE name = 'subscriptions.expired'"):
        with db.begin() as tx:
            found = tx.scalar(text(f"SELECT count(*) FROM {what}"))
        if found != 2 * (ROUNDS + 1) * BATCH:
            raise SystemExit(f"there are {found} {what}")


def main() -> None:
    with rig() as stand, stand.kit("clock") as kit:
        fill(kit.db)
        idle = nothing_to_do(kit.db)
        reminded = reminders(kit.db)
        ceiling, cost, grown = in_turns(kit.db)
        check(kit.db)
    rows = [
        (
            what,
            f"{each.per_second:,.0f}/s",
            f"{each.milliseconds * BATCH:.0f} ms",
            f"{each.wall / ceiling.wall:.1f}",
        )
        for what, each in (("bare SQL (ceiling)", ceiling), ("**Kiosk**", cost))
    ]
    table((f"Ends swept, {LIVE:,} of {ALL:,} live", "rate", f"batch of {BATCH:,}", "× ceiling"), rows)
    print(f"A run with nothing to do takes {idle:.1f} ms; memory grew by {grown:.1f} MB over {ROUNDS} batches.")
    print(f"Reminders: {reminded.per_second:,.0f}/s, {reminded.milliseconds * BATCH:.0f} ms for {BATCH:,}.")


if __name__ == "__main__":
    main()
