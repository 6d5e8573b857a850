"""What the clock does to a million subscriptions of which a hundred thousand live: a day of ends, swept in batches,
against one bare statement for each batch that changes the same rows and writes the same journal and events (the
ceiling), on the same tables, in turns.

Memory is the growth of this process from the first batch to the last: it must not depend on how many there are."""

from __future__ import annotations

import itertools
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import psycopg
from sqlalchemy import text

from bench.purchases import newcomers
from bench.rig import Cost, percentile, rig, stopwatch, table
from services import billing, catalog, identity, subscriptions
from services.identity import Party
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


def sweep_a_day(url: str, begin: datetime) -> int:
    """In a process of its own, as the clock is: a day's ends, batch after batch without a pause. Returns how many."""
    db, done = Database(url), 0
    try:
        while batch := ours(db)(begin + timedelta(days=1)):
            done += batch
    finally:
        db.close()
    return done


def taps(db: Database, people: Sequence[Party], until: Callable[[], bool]) -> list[float]:
    """Seconds of what a tap on "My subscription" reads and writes, by somebody else each time."""
    found: list[float] = []
    for number in itertools.count():
        if until():
            break
        began = time.perf_counter()
        with db.begin() as tx:
            party = people[number % len(people)]
            identity.user(tx, party.id)
            subscriptions.subscriptions_of(tx, party)
            catalog.list_tariffs(tx, billing.audiences(tx, party))
        found.append(time.perf_counter() - began)
    return found


def beside(db: Database, begin: datetime) -> tuple[list[float], list[float], int]:
    """(alone, while a day is swept, how many that were)"""
    people = newcomers(db, 100)
    alone = taps(db, people, quiet_after(3))
    url = db.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        sweeping = pool.submit(sweep_a_day, url, begin)
        busy = taps(db, people, sweeping.done)
    return alone, busy, sweeping.result()


def quiet_after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end


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
        alone, busy, swept = beside(kit.db, NOW + 2 * (ROUNDS + 1) * BATCH * timedelta(seconds=26))
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
    figures = [
        (what, f"{len(each):,}", *(f"{percentile(each, share) * 1000:.1f} ms" for share in (0.5, 0.95, 0.99)))
        for what, each in (("alone (ceiling)", alone), (f"while a day's {swept:,} ends are swept", busy))
    ]
    table(("What a tap reads", "taps", "P50", "P95", "P99"), figures)
    print(f"Reminders: {reminded.per_second:,.0f}/s, {reminded.milliseconds * BATCH:.0f} ms for {BATCH:,}.")


if __name__ == "__main__":
    main()
