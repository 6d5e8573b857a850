"""Processes that die where they are told. `python -m tests.processes.doomed` reads pickled Orders, answers each with a
pickled Fate, and ends with its input.

Everything is imported, built and rehearsed once, then each order gets a fork: when it is made there is one thread and
no connection. The fork counts its steps (both sides of every commit and of every request) and at its last one kills
itself with SIGKILL: nothing is flushed, closed or rolled back but by the kernel and PostgreSQL."""

from __future__ import annotations

import os
import pickle
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from itertools import count
from typing import IO, Any, NoReturn
from unittest.mock import patch
from urllib.parse import urlsplit

import httpx
import psutil
import requests
from botocore.httpsession import URLLib3Session
from requests.adapters import HTTPAdapter
from sqlalchemy.pool import QueuePool

from services import assembly
from services.kit import Kit
from tests.processes.crashes import Fate, Order
from tests.processes.errands import MONEY, follow
from tests.services.receipts.desk import WrittenReader

Step = Callable[[str], object]
Unwatched = Callable[[], AbstractContextManager[None]]
IDS = re.compile(r"(?<=/)([0-9a-f-]{20,}|[0-9]+(-[0-9a-f]{16}\.[a-z]+)?)(?=/|$)")
CHANGED = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"  # a commit of nothing is no step


def main() -> None:
    with os.fdopen(os.dup(1), "wb") as fates:
        os.dup2(2, 1)  # logs go where errors go
        _serve(sys.stdin.buffer, fates)


def _serve(orders: IO[bytes], fates: IO[bytes]) -> None:
    kit: Kit | None = None
    while True:
        try:
            order: Order = pickle.load(orders)
        except EOFError:
            return
        if kit is None or kit.settings != order.settings:
            if kit is not None:
                kit.close()
            kit = replace(assembly.build(order.settings, "jobs"), reader=WrittenReader())  # a real one takes seconds
        pickle.dump(_rehearsed(kit, order) if order.rehearsal else _forked(kit, order), fates)
        fates.flush()


def _rehearsed(kit: Kit, order: Order) -> Fate:
    """Done in this process, so that its forks find every statement compiled."""
    steps: list[str] = []
    try:
        with _watched(kit, steps.append) as unwatched:
            _do(kit, order, unwatched)
    except Exception:  # noqa: BLE001  # whatever it is, the test is told
        traceback.print_exc()
        return Fate(1, steps)
    finally:
        kit.db.engine.dispose()
    return Fate(0, steps)


def _forked(kit: Kit, order: Order) -> Fate:
    assert threading.active_count() == 1
    assert not psutil.Process().net_connections("all")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live(kit, order, writing)
    os.close(writing)
    with os.fdopen(reading) as report:
        steps = report.read().splitlines()
    return Fate(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), steps)


def _live(kit: Kit, order: Order, report: int) -> NoReturn:
    steps = count(1)

    def step(name: str) -> None:
        os.write(report, f"{name}\n".encode())  # a pipe outlives who wrote into it
        if next(steps) == order.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        with _watched(kit, step) as unwatched:
            _do(kit, order, unwatched)
    except BaseException:  # noqa: BLE001  # whatever it is, the test is told
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _do(kit: Kit, order: Order, unwatched: Unwatched) -> None:
    order.errand(kit, **order.told)
    follow(kit, MONEY, order.since, nullcontext if order.relay else unwatched)


@contextmanager
def _watched(kit: Kit, step: Step) -> Iterator[Unwatched]:
    """A step before and after everything that others can see, but for what is done inside the context that this gives.
    No request may be made inside a transaction."""
    engine, is_watched = kit.db.engine, True
    commit, handle, send = engine.dialect.do_commit, httpx.HTTPTransport.handle_request, HTTPAdapter.send
    store = URLLib3Session.send

    @contextmanager
    def unwatched() -> Iterator[None]:
        nonlocal is_watched
        is_watched = False
        yield
        is_watched = True

    def committed(connection: Any) -> None:
        is_step = is_watched and connection.execute(CHANGED).fetchone() == (True,)
        if is_step:
            step("before COMMIT")
        commit(connection)
        if is_step:
            step("after COMMIT")

    def outside(call: Callable[..., Any], request: Any, path: str) -> Any:
        assert isinstance(engine.pool, QueuePool)
        assert engine.pool.checkedout() == 0, "a request inside a transaction"
        request.headers["Connection"] = "close"  # no fork may inherit one
        name = f"{request.method} {IDS.sub('*', path)}"
        step(f"before {name}")
        answer = call()
        step(f"after {name}")
        return answer

    def handled(self: Any, request: httpx.Request) -> Any:
        return outside(lambda: handle(self, request), request, request.url.path)

    def sent(self: Any, request: requests.PreparedRequest, **how: Any) -> Any:
        return outside(lambda: send(self, request, **how), request, request.path_url.partition("?")[0])

    def stored(self: Any, request: Any) -> Any:
        return outside(lambda: store(self, request), request, urlsplit(request.url).path)

    with (
        patch.object(engine.dialect, "do_commit", committed),
        patch.object(httpx.HTTPTransport, "handle_request", handled),
        patch.object(HTTPAdapter, "send", sent),
        patch.object(URLLib3Session, "send", stored),
    ):
        yield unwatched


if __name__ == "__main__":
    main()
