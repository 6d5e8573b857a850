"""A provider's word becomes money: billing.record in a transaction of its own, against the same rows locked and written
by psycopg without an ORM (the ceiling), from 1 thread and from 4.

Both work on the same tables, with the ledger's triggers, and wait for the disk; they take turns in short rounds, so
that whatever else the machine does hits both. CPU is this process's; the database's is not in it. Ours also wakes the
relay after each commit, which the ceiling does not."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import psycopg

from apps.jobs.main import SWITCH_SECONDS
from bench.purchases import FEE, PRICE, Due, Instant, check_out, newcomers
from bench.rig import Cost, rig, stopwatch, table
from services.billing.record import record
from services.platform.clock import wall_clock
from services.platform.db import Database

ROUNDS = 30
WARM = 2  # rounds before those: connects, compiles, prepares
COUNT = 16  # payments in a round, of each
THREADS = (1, 4)

Settle = Callable[[Due], None]

CHANGE = "INSERT INTO payment_changes (payment_id, at, before, after, cause) VALUES (%s, %s, %s, %s, %s)"
HEAD = """INSERT INTO ledger_transactions (kind, reference, posted_at) VALUES ('payment', %s, %s)
    ON CONFLICT DO NOTHING RETURNING id"""
ENTRIES = """INSERT INTO ledger_entries (transaction_id, account, currency, minor)
    VALUES (%s, %s, 'RUB', %s), (%s, %s, 'RUB', %s), (%s, %s, 'RUB', %s)"""
PAID = """UPDATE payments SET state = 'succeeded', updated_at = %s, succeeded_at = %s, received_minor = %s,
    received_currency = 'RUB', fee_minor = %s, check_after = NULL WHERE id = %s"""
EVENT = "INSERT INTO outbox_events (name, body, occurred_at, planned) VALUES (%s, %s, %s, false)"


@contextmanager
def ours(db: Database, provider: Instant) -> Iterator[Settle]:
    def settle(due: Due) -> None:
        with db.begin() as tx:
            record(tx, provider, due.payment_id, due.word, wall_clock(), cause="payment.succeeded")

    yield settle


@contextmanager
def bare(db: Database, threads: int) -> Iterator[Settle]:
    free: SimpleQueue[psycopg.Connection[Any]] = SimpleQueue()
    for _ in range(threads):
        free.put(db.listen_connection())

    def settle(due: Due) -> None:
        connection = free.get()
        with connection.transaction():
            _settle(connection, due)
        free.put(connection)

    yield settle
    for _ in range(threads):
        free.get().close()


def _settle(connection: psycopg.Connection[Any], due: Due) -> None:
    do, now, price, fee = connection.execute, wall_clock(), PRICE.minor, FEE.minor
    do("SELECT * FROM invoices WHERE id = %s FOR UPDATE", [due.invoice_id])
    do("SELECT * FROM payments WHERE id = %s FOR UPDATE", [due.payment_id])
    do(CHANGE, [due.payment_id, now, "awaiting_user", "succeeded", "payment.succeeded"])
    booked = do(HEAD, [str(due.payment_id), now]).fetchone()
    assert booked
    (head,) = booked
    do(ENTRIES, [head, "clearing:instant", price - fee, head, "revenue:vpn", -price, head, "fees:instant", fee])
    do(PAID, [now, now, price, fee, due.payment_id])
    do("UPDATE invoices SET state = 'paid', paid_at = %s WHERE id = %s", [now, due.invoice_id])
    body = {"invoice_id": due.invoice_id, "payment_id": due.payment_id, "party": str(due.party)}
    do(EVENT, ["billing.invoice_paid", json.dumps(body), now])


def run(pool: ThreadPoolExecutor, settle: Settle, shares: Sequence[Sequence[Due]], into: Cost) -> None:
    """Each thread settles its share."""

    def work(share: Sequence[Due]) -> None:
        for due in share:
            settle(due)

    with stopwatch(into.count) as cost:
        list(pool.map(work, shares))
    into.wall, into.cpu = into.wall + cost.wall, into.cpu + cost.cpu


def in_turns(db: Database, provider: Instant, threads: int) -> tuple[Cost, Cost]:
    """(ceiling, ours)"""

    def shares() -> list[list[Due]]:
        dues = [check_out(db, provider, party) for party in newcomers(db, COUNT)]
        return [dues[thread::threads] for thread in range(threads)]

    rounds = [(shares(), shares()) for _ in range(WARM + ROUNDS)]
    costs = Cost(ROUNDS * COUNT), Cost(ROUNDS * COUNT)
    with ThreadPoolExecutor(threads) as pool, bare(db, threads) as plain, ours(db, provider) as settle:
        for number, (first, second) in enumerate(rounds):
            ceiling, cost = costs if number >= WARM else (Cost(COUNT), Cost(COUNT))
            run(pool, plain, first, ceiling)
            run(pool, settle, second, cost)
    return costs


def check(db: Database) -> None:
    """Nothing is worth measuring that did not happen: both have left the same rows."""
    settled = len(THREADS) * 2 * (WARM + ROUNDS) * COUNT
    rows = {
        "invoices WHERE state = 'paid' AND paid_at IS NOT NULL": 1,
        "payments WHERE state = 'succeeded' AND fee_minor IS NOT NULL AND check_after IS NULL": 1,
        "payment_changes WHERE after = 'succeeded'": 1,
        "ledger_transactions": 1,
        "ledger_entries": 3,
        "outbox_events WHERE name = 'billing.invoice_paid'": 1,
    }
    with db.listen_connection() as connection:
        for what, each in rows.items():
            found = connection.execute(f"SELECT count(*) FROM {what}").fetchone()
            if found != (each * settled,):
                raise SystemExit(f"{settled} were to be settled, there are {found} {what}")


def main() -> None:
    rows: list[tuple[str, ...]] = []
    sys.setswitchinterval(SWITCH_SECONDS)  # as where it happens
    with rig() as stand, stand.kit("jobs", DB_POOL_SIZE=str(max(THREADS))) as kit:
        for threads in THREADS:
            costs = in_turns(kit.db, Instant(), threads)
            for what, each in zip(("psycopg (ceiling)", "**Kiosk**"), costs, strict=True):
                figures = [f"{each.per_second:,.0f}/s", f"{each.per_second / costs[0].per_second:.2f}"]
                figures += [f"{each.cpu_us:,.0f} µs", f"{each.cpu / costs[0].cpu:.1f}"]
                rows.append((f"{what}, {threads} thread{'s' * (threads > 1)}", *figures))
        check(kit.db)
    table(("Settled payments", "rate", "× ceiling", "CPU each", "× ceiling's CPU"), rows)


if __name__ == "__main__":
    main()
