"""Runs the processes of bin/dev: the sandbox world in the background, the lines of the Procfile under honcho."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from honcho.manager import Manager
from honcho.printer import Message, Printer

from apps.sandbox.processes import StackError

READY_WITHIN = 90.0  # seconds, for a slow and busy machine


def free_port(wanted: int) -> int:
    """The first port from `wanted` on where nobody listens on this machine."""
    for port in range(wanted, 65536):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("0.0.0.0", port))
            return port
    raise StackError(f"All ports from {wanted} on are taken.")


def ask(url: str) -> httpx.Response | None:
    """GET on this machine, never through a proxy; None while nobody answers."""
    try:
        return httpx.get(url, trust_env=False, timeout=5)
    except httpx.TransportError:
        return None


def says(url: str) -> Any:
    """The JSON of an answer 200, else None."""
    answer = ask(url)
    return answer.json() if answer is not None and answer.status_code == 200 else None


def wait_until(ready: Callable[[], bool], failed: Callable[[], bool] = lambda: False) -> bool:
    """Asks every 0.1 seconds. False when it failed, or took too long."""
    deadline = time.monotonic() + READY_WITHIN
    while not ready():
        if failed() or time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


class Background:
    """A process whose output goes to a file, out of reach of the terminal's Ctrl-C."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], directory: Path, log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                env=env,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ended(self) -> bool:
        return self._process.poll() is not None

    def said(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-3000:]

    def wait(self) -> None:
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Foreground:
    """Processes that live and die together, with their output on the terminal, or quietly in one file each."""

    def __init__(self, commands: Mapping[str, str], env: Mapping[str, str], directory: Path, logs: Path | None) -> None:
        self.over = False
        self._output = _Output(logs)
        self._manager = Manager(self._output)
        for name, command in commands.items():
            self._manager.add_process(name, command, env=dict(env), cwd=str(directory))

    def run(self, beside: Callable[[], None]) -> int:
        """Until one of them ends, Ctrl-C or `stop`: then all get SIGTERM, and 5 seconds. `beside` runs in a thread of
        its own once all are started. Returns an exit status."""

        def watch() -> None:
            self._output.begun.wait()  # honcho forks: no other thread may be at work before
            beside()

        threading.Thread(target=watch, daemon=True).start()
        self._manager.loop()
        self.over = True
        return int(self._manager.returncode or 0)

    def stop(self) -> None:
        self._manager.terminate()


class _Output(Printer):  # type: ignore[misc]  # honcho has no types
    def __init__(self, logs: Path | None) -> None:
        super().__init__(sys.stdout)
        self.begun = threading.Event()
        self._logs = logs

    def write(self, message: Message) -> None:
        self.begun.set()
        if self._logs is None:
            super().write(message)
            return
        data = message.data if isinstance(message.data, bytes) else message.data.encode()
        with (self._logs / f"{message.name}.log").open("ab") as log:
            log.write(data)
