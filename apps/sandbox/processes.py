"""Servers of other people: where their programs are, what of them still runs, and its end."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil


class StackError(Exception):
    """A server cannot run here; the message tells a person what to do."""


def program(*names: str, package: str, inside: str, also: Iterable[Path] = (), advice: str) -> Path:
    """The first of these programs in the folder `inside` of an installed Python package, else on PATH, else in the
    folders `also`. Raises StackError with the advice."""
    spec = find_spec(package)  # found, not imported: these packages act on import
    packaged = [
        Path(folder) / inside / name for folder in (spec and spec.submodule_search_locations) or () for name in names
    ]
    on_path = [Path(found).resolve() for name in names if (found := shutil.which(name))]
    for candidate in (*packaged, *on_path, *(folder / name for folder in also for name in names)):
        if candidate.is_file():
            return candidate
    raise StackError(f"There is no {' or '.join(names)} for this machine. {advice}")


def end_all_in(directory: Path, *, ask: signal.Signals = signal.SIGKILL, patience: float = 10.0) -> None:
    """Ends the server which works in this directory: `ask` goes to its first process, SIGKILL to all that is left
    after `patience` seconds. Raises StackError.

    Who works in a directory is the truth: a pid file may name a zombie, or by now another program."""
    if ask is not signal.SIGKILL:
        for process in _first_of(_working_in(directory)):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(ask)
        deadline = time.monotonic() + patience
        while _working_in(directory) and time.monotonic() < deadline:
            time.sleep(0.02)
    deadline = time.monotonic() + patience
    while left := _working_in(directory):
        if time.monotonic() > deadline:
            raise StackError(f"Process {left[0].pid} works in {directory} and does not end.")
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.02)


def _working_in(directory: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(directory)]


def _first_of(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those which no other of them has started; one that has just ended is none."""
    pids, first = {process.pid for process in processes}, []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                first.append(process)
    return first


def end_all_marked(variable: str, value: str) -> None:
    """Ends every process which was started with this environment variable, and waits until they have let go."""
    processes = psutil.process_iter(["environ"])
    marked = [process for process in processes if (process.info["environ"] or {}).get(variable) == value]
    for process in marked:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(marked, timeout=3)
