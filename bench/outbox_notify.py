"""An event emitted and committed: with the wake-up after the commit (ours), with NOTIFY inside the transaction, and
with no wake-up at all (the ceiling), from 1 thread and from 8.

PostgreSQL commits transactions that notify one after the other, each waiting for its own write to the disk; the others
share theirs. It backs docs/adr/0002. Besides our code, whose threads take turns at the interpreter anyway, the same
three are sent by bare psycopg: there the database alone decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import local
from time import monotonic

import psycopg
from sqlalchemy import text

from bench.rig import rig, table
from services.identity import UserJoined
from services.platform import outbox
from services.platform.clock import wall_clock
from services.platform.db import Database

SECONDS = 1.0
ROUNDS = 2  # the better one counts: other work on the machine only ever slows down
THREADS = (1, 8)
NOTIFY = f"NOTIFY {outbox.CHANNEL}"
INSERT = """INSERT INTO outbox_events (name, body, occurred_at, planned)
    VALUES ('identity.user_joined', '{"user_id": 1, "start_parameter": null}', now(), false)"""

Work = Callable[[], None]


def ours(db: Database) -> dict[str, Work]:
    event = UserJoined(user_id=1, start_parameter=None)

    def none() -> None:
        with db.begin() as tx:
            outbox.emit(tx, event, wall_clock())
            tx.info.pop("wake")

    def inside() -> None:
        with db.begin() as tx:
            outbox.emit(tx, event, wall_clock())
            tx.info.pop("wake")
            tx.execute(text(NOTIFY))

    def after() -> None:
        with db.begin() as tx:
            outbox.emit(tx, event, wall_clock())

    return {"no wake-up": none, "NOTIFY inside": inside, "NOTIFY after": after}


def bare(db: Database) -> dict[str, Work]:
    mine = local()

    def connection() -> psycopg.Connection[tuple[object, ...]]:
        if not hasattr(mine, "connection"):
            mine.connection = db.listen_connection()
        return mine.connection  # type: ignore[no-any-return]  # a thread's local has no types

    def none() -> None:
        with connection().transaction():
            connection().execute(INSERT)

    def inside() -> None:
        with connection().transaction():
            connection().execute(INSERT)
            connection().execute(NOTIFY)

    def after() -> None:
        none()
        connection().execute(NOTIFY)

    return {"no wake-up": none, "NOTIFY inside": inside, "NOTIFY after": after}


@contextmanager
def somebody_listens(db: Database) -> Iterator[None]:
    with db.listen_connection() as ears:
        ears.execute(f"LISTEN {outbox.CHANNEL}")
        yield


def run(work: Work, threads: int) -> float:
    """How often per second, all threads together."""

    def repeat(seconds: float) -> int:
        count, end = 0, monotonic() + seconds
        while monotonic() < end:
            work()
            count += 1
        return count

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(repeat, [0.05] * threads))  # connects
        began = monotonic()
        return sum(pool.map(repeat, [SECONDS] * threads)) / (monotonic() - began)


def main() -> None:
    rows = []
    with rig() as stand, stand.kit("jobs", DB_POOL_SIZE=str(max(THREADS))) as kit:
        for what, ways in (("Kiosk", ours(kit.db)), ("bare psycopg", bare(kit.db))):
            for threads in THREADS:
                best: dict[str, float] = dict.fromkeys(ways, 0.0)
                for _ in range(ROUNDS):
                    for way, work in ways.items():
                        with somebody_listens(kit.db):
                            best[way] = max(best[way], run(work, threads))
                ceiling, inside, after = best.values()
                figures = [f"{ceiling:,.0f}/s", f"{inside:,.0f}/s", f"{after:,.0f}/s", f"{after / inside:.2f}"]
                rows.append((f"{what}, {threads} thread{'s' * (threads > 1)}", *figures))
    table(("Emit and commit", "no wake-up (ceiling)", "NOTIFY inside", "NOTIFY after", "after ÷ inside"), rows)


if __name__ == "__main__":
    main()
