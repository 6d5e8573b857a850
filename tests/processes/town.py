"""A town: the sandbox world and the processes of the Procfile, as real as in production, for tests that kill them."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import redis as redis_client
from honcho.environ import parse_procfile

from apps.sandbox.check import Person
from apps.sandbox.environment import VPN_SERVERS, environment, without_settings
from apps.sandbox.processes import end_all_marked
from apps.sandbox.runner import ask, says
from apps.sandbox.stack import Redis, Stack
from apps.sandbox.vpn import public_key
from services import catalog
from services.platform.clock import wall_clock
from services.platform.config import inherited_environment
from services.platform.db import Database
from services.platform.tls import trusted

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "apps/console/catalog.sample.toml"
MARK = "KIOSK_TOWN"  # in the environment of every process of a town: the id of the process that tests
READY = ('"event": "ready"', '"event": "bot_ready"', '"event": "standby"')
EVERYTHING = ("web", "worker", "worker.2", "jobs", "ocr-worker", "rules-worker", "bonus-worker", "clock", "clock.2")
WORLD = ("telegram", "yookassa", "vpn", "clock")


class Process:
    """One process and its log; started anew it is a new object."""

    def __init__(self, command: str, env: Mapping[str, str], log: Path) -> None:
        self.log, self.env = log, env
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                shlex.split(command), env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended(self, seconds: float) -> int:
        """Its exit status. Raises subprocess.TimeoutExpired."""
        return self._process.wait(seconds)

    def ready(self) -> bool:
        said = self.said()
        assert self.alive(), said[-3000:]
        return any(word in said for word in READY)

    def said(self) -> str:
        return self.log.read_text(errors="replace")


class Town:
    """Processes go by their names in the Procfile; a further copy is called jobs.2 or the like."""

    def __init__(self, directory: Path, stack: Stack, database: Database) -> None:
        self.db = database
        self._directory, self._stack = directory, stack
        self._procfile = dict(parse_procfile((ROOT / "Procfile").read_text()).processes)
        self._port, world_port = _free_port(), _free_port()
        self.web_url, self.world_url = f"http://127.0.0.1:{self._port}", f"http://127.0.0.1:{world_port}"
        self.http = httpx.Client(base_url=self.world_url, verify=trusted(), trust_env=False, timeout=30)
        self._redis = Redis(directory / "redis", directory, durable=False)
        self.redis = redis_client.Redis.from_url(self._redis.url)
        self.processes: dict[str, Process] = {}
        self._starts = 0
        self.environment = self._base_environment()
        self._world = self._start(
            f"python -m apps.sandbox --only {','.join(WORLD)} --port {world_port} --directory {directory / 'world'} "
            f"--web-url {self.web_url}",
            "world",
            {"APP_ENV": "test"},
        )

    def open(self) -> None:
        """Until the world answers; the sample catalogue is on sale."""
        self._redis.start()
        self.until("the world answers", lambda: ask(self.world_url) is not None)
        with self.db.begin() as tx:
            catalog.import_catalogue(tx, SAMPLE.read_text(), wall_clock())

    def close(self) -> None:
        """Whatever is left is killed."""
        for process in (*self.processes.values(), self._world):
            process.signal(signal.SIGKILL)
            process.ended(10)
        self.http.close()
        self.redis.close()
        self._redis.stop()

    def keep(self, *names: str, **settings: str) -> None:
        """Exactly these processes run, with these settings; returns when all are ready."""
        wanted = self.environment | settings
        for name, process in list(self.processes.items()):
            if name not in names or process.env != wanted or not process.alive():
                process.signal(signal.SIGTERM)
                process.ended(30)
                del self.processes[name]
        for name in names:
            if name not in self.processes:
                self.processes[name] = self._start(self._procfile[name.partition(".")[0]], name, wanted)
        for name in names:
            self.await_ready(name)

    def await_ready(self, name: str) -> None:
        self.until(f"{name} is ready", self.processes[name].ready)
        if name.startswith("web"):
            self.until("web answers", lambda: says(f"{self.web_url}/ready") is not None)

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.processes[name].signal(signal.SIGKILL)
        self.processes[name].ended(10)

    def restart(self, name: str) -> None:
        """In place of the one that has ended; does not wait until it is ready."""
        assert not self.processes[name].alive()
        env = self.processes[name].env
        self.processes[name] = self._start(self._procfile[name.partition(".")[0]], name, env)

    def stop(self, name: str, times: int = 1) -> int:
        """SIGTERM, as often as that. Returns the exit status, which must come within 20 seconds."""
        process = self.processes[name]
        for _ in range(times):
            process.signal(signal.SIGTERM)
            time.sleep(0.05)  # two at once would be one
        return process.ended(20)

    def person(self, name: str, language: str = "ru", patience: float = 8) -> Person:
        """Somebody at Telegram; waits `patience` seconds before pressing again."""
        return Person(self.http, name, language, tell=lambda _: None, patience=patience)

    def ask(self, path: str) -> Any:
        """JSON of the world."""
        return self.http.get(path).raise_for_status().json()

    def tell(self, path: str, **body: Any) -> Any:
        return self.http.post(path, json=body).raise_for_status().json()

    def until(self, what: str, condition: Callable[[], bool], seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds:.0f} s in vain until {what}; logs in {self._directory}"
            time.sleep(0.05)

    def _base_environment(self) -> dict[str, str]:
        given = without_settings(inherited_environment()) | {
            "APP_ENV": "test",
            "LOG_FORMAT": "json",
            "DATABASE_URL": self.db.url.set(drivername="postgresql").render_as_string(hide_password=False),
            "REDIS_URL": self._redis.url,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
            "PYTHONUNBUFFERED": "1",
            MARK: str(os.getpid()),
        }
        return environment(
            given,
            stack=self._stack,
            world_url=self.world_url,
            world_directory=self._directory / "world",
            port=self._port,
            encryption_secret="a secret of the tests",
            vpn_keys={code: public_key(code) for code in VPN_SERVERS},
        )

    def _start(self, command: str, name: str, env: Mapping[str, str]) -> Process:
        self._starts += 1
        return Process(command, {**self.environment, **env}, self._directory / f"{self._starts:03}-{name}.log")


@contextmanager
def open_town(directory: Path, stack: Stack, database: Database) -> Iterator[Town]:
    end_abandoned()
    town = Town(directory, stack, database)
    try:
        town.open()
        yield town
    finally:
        town.close()


def end_abandoned() -> None:
    """Processes of test runs that were killed."""
    marks = {(process.info["environ"] or {}).get(MARK, "") for process in psutil.process_iter(["environ"])}
    for mark in filter(None, marks):
        if not psutil.pid_exists(int(mark)):
            end_all_marked(MARK, mark)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
