"""The database that the tests of one worker have one after the other, as empty for each as a new copy of the template.

To copy it, connect, compile and plan everything anew for each test took longer than most tests. So the database stays,
and so do connections and compiled statements: an engine is lent to one Database after the other."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, Engine, create_engine, event, make_url

from apps.sandbox.stack import Stack

COMPILED = 5000  # statements, more than there are
KEPT = ("alembic_version",)  # the migrations' own; they fill no other table
# Tables, indexes, sequences, and what tests plant into them.
THERE = """
SELECT relkind::text, relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT 'function', proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'constraint', conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace
ORDER BY 1, 2
"""
# Whoever did not give back what was lent may hold locks.
CUT = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND pid <> ALL(%s)
"""


class Engines:
    """Engines to the addresses in `kept` outlive those who have them; any other is its owner's alone."""

    def __init__(self) -> None:
        self.kept: set[URL] = set()
        self._free: dict[tuple[URL, str], list[Engine]] = {}
        self._lock = threading.Lock()

    def lend(self, url: URL, **how: Any) -> Engine:
        """What `create_engine` gives. Its `dispose` gives it back."""
        if url not in self.kept:
            return create_engine(url, **how)
        free = self._free.setdefault((url, repr(how)), [])
        with self._lock:
            if free:
                return free.pop()
        engine = create_engine(url, query_cache_size=COMPILED, **how)

        def give_back() -> None:
            if engine.pool.checkedout():  # type: ignore[attr-defined]  # a QueuePool has it
                Engine.dispose(engine)
            with self._lock:
                if engine not in free:
                    free.append(engine)

        @event.listens_for(engine, "connect")
        def connected(connection: Any, record: Any) -> None:
            record.info["backend"] = connection.info.backend_pid

        engine.dispose = give_back  # type: ignore[assignment,method-assign]
        return engine

    def close(self) -> None:
        for engines in self._free.values():
            for engine in engines:
                Engine.dispose(engine)

    def idle(self) -> list[int]:
        """The backends of connections that nobody has."""
        free = [engine for engines in self._free.values() for engine in engines]
        records = [record for engine in free for record in list(engine.pool._pool.queue)]  # type: ignore[attr-defined]
        return [record.info["backend"] for record in records if "backend" in record.info]


class Emptied:
    """The database `name`, at first a copy of `template`."""

    def __init__(self, stack: Stack, template: str, name: str) -> None:
        self._stack, self._template, self._name = stack, template, name
        self.url = make_url(stack.database_url(name)).set(drivername="postgresql+psycopg")
        self._make()

    def empty(self, engines: Engines) -> None:
        """What the last test left is gone, its connections included; what it did to the tables themselves, too."""
        try:
            self._own.execute(CUT, [engines.idle()])
        except psycopg.OperationalError:  # a test has cut all connections
            self._connect()
            self._own.execute(CUT, [engines.idle()])
        if self._own.execute(THERE).fetchall() == self._there:
            self._own.execute("SELECT pg_temp.empty()")
        else:
            self.drop()
            self._make()

    def drop(self) -> None:
        self._own.close()
        self._stack.drop_database(self._name)

    def _make(self) -> None:
        self._stack.create_database(self._name, self._template)
        self._connect()
        self._there = self._own.execute(THERE).fetchall()
        for kind, name in self._there:
            if kind == "r" and name not in KEPT:
                anything = f'SELECT EXISTS (SELECT FROM public."{name}")'
                assert self._own.execute(anything).fetchone() == (False,), f"a migration fills {name}: keep it"

    def _connect(self) -> None:
        self._own = psycopg.connect(self._stack.database_url(self._name), autocommit=True)
        self._own.execute("SET session_replication_role = replica")  # no trigger is in the way
        there = self._own.execute(THERE).fetchall()
        tables = [f'DELETE FROM public."{name}";' for kind, name in there if kind == "r" and name not in KEPT]
        numbers = [f"PERFORM setval('public.\"{name}\"', 1, false);" for kind, name in there if kind == "S"]
        work = " ".join(["BEGIN", *tables, *numbers, "END"])
        function = sql.SQL("CREATE FUNCTION pg_temp.empty() RETURNS void LANGUAGE plpgsql AS {}")
        self._own.execute(function.format(sql.Literal(work)))
