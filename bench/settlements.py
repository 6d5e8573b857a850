"""A provider's word becomes money: billing.record in a transaction of its own, against the same statements sent by
psycopg without an ORM (the ceiling), from 1 thread and from 4.

Both work on the same tables, with the ledger's triggers, and wait for the disk. CPU is this process's; the database's
is not in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

import psycopg

from bench.purchases import PRICE, Due, Instant, check_out
from bench.rig import Cost, rig, stopwatch, table
from services.billing.record import record
from services.identity import Party
from services.platform.clock import wall_clock
from services.platform.db import Database

COUNT = 200
THREADS = (1, 4)

Settle = Callable[[Due], None]


@contextmanager
def ours(db: Database, provider: Instant) -> Iterator[Settle]:
    def settle(due: Due) -> None:
        with db.begin() as tx:
            record(tx, provider, due.payment_id, due.word, wall_clock(), cause="payment.succeeded")

    yield settle


@contextmanager
def bare(db: Database, threads: int) -> Iterator[Settle]:
    free: SimpleQueue[psycopg.Connection[tuple[int, ...]]] = SimpleQueue()
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


def _settle(connection: psycopg.Connection[tuple[int, ...]], due: Due) -> None:
    do, now, price = connection.execute, wall_clock(), PRICE.minor
    do("SELECT * FROM invoices WHERE id = %s FOR UPDATE", [due.invoice_id])
    do("SELECT * FROM payments WHERE id = %s FOR UPDATE", [due.payment_id])
    change = "INSERT INTO payment_changes (payment_id, at, before, after, cause) VALUES (%s, %s, %s, %s, %s)"
    do(change, [due.payment_id, now, "awaiting_user", "succeeded", "payment.succeeded"])
    booked = do(
        "INSERT INTO ledger_transactions (kind, reference, posted_at) VALUES ('payment', %s, %s)"
        " ON CONFLICT DO NOTHING RETURNING id",
        [str(due.payment_id), now],
    ).fetchone()
    assert booked
    do(
        "INSERT INTO ledger_entries (transaction_id, account, currency, minor)"
        " VALUES (%s, 'clearing:instant', 'RUB', %s), (%s, 'revenue:vpn', 'RUB', %s)",
        [booked[0], price, booked[0], -price],
    )
    paid = "UPDATE payments SET state = 'succeeded', updated_at = %s, check_after = NULL WHERE id = %s"
    do(paid, [now, due.payment_id])
    do("UPDATE invoices SET state = 'paid', paid_at = %s WHERE id = %s", [now, due.invoice_id])
    body = {"invoice_id": due.invoice_id, "payment_id": due.payment_id, "party": str(due.party)}
    event = "INSERT INTO outbox_events (name, body, occurred_at, planned) VALUES (%s, %s, %s, false)"
    do(event, ["billing.invoice_paid", json.dumps(body), now])


def run(settle: Settle, dues: Sequence[Due], threads: int) -> Cost:
    with ThreadPoolExecutor(threads) as pool, stopwatch(len(dues)) as cost:
        list(pool.map(settle, dues))
    return cost


def check(db: Database, settled: int) -> None:
    """Nothing is worth measuring that did not happen."""
    with db.listen_connection() as connection:
        paid = connection.execute("SELECT count(*) FROM invoices WHERE state = 'paid'").fetchone()
        booked = connection.execute("SELECT count(*) FROM ledger_entries").fetchone()
    if (paid, booked) != ((settled,), (2 * settled,)):
        raise SystemExit(f"{settled} were to be settled: {paid} are paid, {booked} entries are booked")


def main() -> None:
    rows, provider, parties = [], Instant(), 0
    with rig() as stand, stand.kit("jobs", DB_POOL_SIZE=str(max(THREADS))) as kit:

        def dues(count: int) -> list[Due]:
            nonlocal parties
            parties += count
            numbers = range(parties - count + 1, parties + 1)
            return [check_out(kit.db, provider, Party("user", number)) for number in numbers]

        for threads in THREADS:
            with bare(kit.db, threads) as plain, ours(kit.db, provider) as settle:
                for work in (plain, settle):
                    run(work, dues(threads * 5), threads)  # connects, compiles
                ceiling, cost = run(plain, dues(COUNT), threads), run(settle, dues(COUNT), threads)
            for what, each in (("psycopg (ceiling)", ceiling), ("**Kiosk**", cost)):
                figures = [f"{each.per_second:,.0f}/s", f"{each.per_second / ceiling.per_second:.2f}"]
                figures += [f"{each.cpu_us:,.0f} µs", f"{each.cpu / ceiling.cpu:.1f}"]
                rows.append((f"{what}, {threads} thread{'s' * (threads > 1)}", *figures))
        check(kit.db, parties)
    table(("Settled payments", "rate", "× ceiling", "CPU each", "× ceiling's CPU"), rows)


if __name__ == "__main__":
    main()
