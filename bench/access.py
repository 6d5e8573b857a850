"""Access: grants applied by one process, and ten thousand of them held against an other side.

Applied one after the other by one thread, at an other side in this process's memory (what Kiosk itself costs) and at
the agents of two WireGuard servers over HTTP; the ceiling is psycopg writing the same rows in the same transactions.
Compared with an other side that lists everybody: first nothing differs, then a hundred ends do. The ceiling there is
one bare statement that reads all the rows and one that notes when."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from bench.rig import Cost, Rig, rig, stopwatch, table
from bench.sweeps import TERMS, peak_mb
from services import provisioning
from services.kit import Kit
from services.platform.db import Database
from services.provisioning import GrantChanged, Provisioner
from tests.contracts.memory_access import Elsewhere, MemoryAccess, Thing

NOW = datetime(2027, 6, 1, tzinfo=UTC)
APPLIED, COMPARED, DIFFERENT = 200, 10_000, 100

FILL = """
WITH people AS (
  INSERT INTO users (telegram_id, first_name, language_code, created_at, seen_at)
  SELECT 9000000 + n, 'Anna', 'ru', %(now)s, %(now)s FROM generate_series(1, %(count)s) AS n RETURNING id
), owned AS (
  INSERT INTO subscriptions (party, product, state, terms, started_at, ends_at, anchor_day)
  SELECT 'user:' || id, 'vpn', 'active', %(terms)s::jsonb, %(now)s, %(now)s::timestamptz + interval '30 days', 1
  FROM people RETURNING id, party, ends_at
)
INSERT INTO access_grants (subscription_id, party, good, kind, wanted, held, ends_at, created_at, revision,
                           applied_revision, generation, usage_epoch, ref)
SELECT id, party, 'wireguard', 'wireguard', 'active', 'absent', ends_at, %(now)s, 1, 0, 0, 0, '{}' FROM owned
"""
CLAIM = "UPDATE access_grants SET claimed_until = now() + interval '1 minute' WHERE id = %s"
STORE = """UPDATE access_grants SET ref = %s, sealed = %s, held = 'active', applied_revision = revision,
           checked_at = now(), claimed_until = NULL WHERE id = %s"""
HELD = """UPDATE access_grants SET held = 'active', applied_revision = revision, place = 'm1',
          credentials = 'k' || id || '-ssssss'"""
TELL = """INSERT INTO outbox_events (name, body, occurred_at, planned)
          VALUES ('provisioning.access_granted', '{"grant_id": 1}', now(), true)"""


def fill(db: Database, count: int) -> list[int]:
    """Paid grants that nobody has applied yet. Returns their ids."""
    with db.listen_connection() as connection:
        for table_of in ("wireguard_peers", "access_repairs", "access_grants", "subscriptions", "users"):
            connection.execute(f"DELETE FROM {table_of}")
        connection.execute(FILL, {"now": NOW, "count": count, "terms": TERMS})
        for table_of in ("access_grants", "subscriptions", "users"):
            connection.execute(f"VACUUM ANALYZE {table_of}")
        return [grant_id for (grant_id,) in connection.execute("SELECT id FROM access_grants ORDER BY id").fetchall()]


def bare(db: Database) -> Cost:
    ids = fill(db, APPLIED)
    with db.listen_connection() as connection, stopwatch(APPLIED) as cost:
        for grant_id in ids:
            connection.execute(CLAIM, (grant_id,))
            with connection.transaction():
                connection.execute(STORE, (json.dumps({"name": "k"}), b"x" * 200, grant_id))
                connection.execute(TELL)
    return cost


def apply_all(kit: Kit, provisioners: Mapping[str, Provisioner], ids: Sequence[int], at: datetime) -> Cost:
    with stopwatch(len(ids)) as cost:
        for grant_id in ids:
            event = GrantChanged(grant_id=grant_id, revision=1, cause="payment")
            provisioning.apply(kit.db, event, at, provisioners, kit.cipher)
    with kit.db.begin() as tx:
        held = tx.scalar(text("SELECT count(*) FROM access_grants WHERE held = 'active'"))
    if held != len(ids):
        raise SystemExit(f"{len(ids)} grants were to be held, {held} are")
    return cost


def applied(stand: Rig, kit: Kit) -> list[tuple[str, Cost]]:
    memory = MemoryAccess(Elsewhere(lambda: NOW), kind="wireguard")
    rows = [("psycopg (ceiling)", bare(kit.db))]
    rows.append(("other side in memory", apply_all(kit, {"wireguard": memory}, fill(kit.db, APPLIED), NOW)))
    with stand.world():
        rows.append(("agents of two servers", apply_all(kit, kit.provisioners, fill(kit.db, APPLIED), NOW)))
    return rows


def compared(kit: Kit) -> list[tuple[str, Cost, int, int]]:
    """(what, cost, requests to the other side, repairs)"""
    there = Elsewhere(lambda: NOW, room=2 * COMPARED)
    memory = MemoryAccess(there, kind="wireguard", places=("m1",))
    memory.survey_size = COMPARED
    ends_at = NOW + timedelta(days=30)
    for grant_id in fill(kit.db, COMPARED):
        name = f"k{grant_id}"
        there.things[name] = Thing(name, ends_at, secret="s" * 32, devices_limit=3)
    with kit.db.listen_connection() as connection:
        connection.execute(HELD)
        connection.execute("VACUUM ANALYZE access_grants")
    with kit.db.listen_connection() as connection, stopwatch(COMPARED) as ceiling:
        connection.execute("SELECT * FROM access_grants WHERE kind = 'wireguard' AND place = 'm1'").fetchall()
        connection.execute("UPDATE access_grants SET checked_at = %s", (NOW,))
    rows = [("two bare statements (ceiling)", ceiling, 0, 0)]
    for what, different in (("nothing differs", 0), (f"{DIFFERENT} ends differ", DIFFERENT)):
        for thing in list(there.things.values())[:different]:
            thing.ends_at -= timedelta(hours=1)
        there.requests.clear()
        at = NOW + timedelta(hours=len(rows))
        with stopwatch(COMPARED) as cost:
            looked = provisioning.look_at_place(kit.db, memory, "m1", at)
        if (looked.seen, looked.repaired) != (COMPARED, different):
            raise SystemExit(f"{looked} is not what was to be found")
        rows.append((what, cost, there.requests.total(), looked.repaired))
    return rows


def main() -> None:
    with rig() as stand, stand.kit("jobs") as kit:
        given = applied(stand, kit)
        before = peak_mb()
        looked = compared(kit)
        grown = peak_mb() - before
    first = given[0][1]
    table(
        ("Grants applied, 1 thread", "rate", "× ceiling", "CPU each"),
        [
            (what, f"{cost.per_second:,.0f}/s", f"{cost.per_second / first.per_second:.2f}", f"{cost.cpu_us:,.0f} µs")
            for what, cost in given
        ],
    )
    table(
        (f"{COMPARED:,} grants compared", "time", "× ceiling", "CPU", "requests", "repairs"),
        [
            (what, f"{cost.wall:.2f} s", f"{cost.wall / looked[0][1].wall:.0f}", f"{cost.cpu:.2f} s", *map(str, more))
            for what, cost, *more in looked
        ],
    )
    print(f"Memory grew by {grown:.0f} MB, that of the other side included.\n")


if __name__ == "__main__":
    main()
