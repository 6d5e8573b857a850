"""What every benchmark stands on: a stopwatch, a table, servers of its own, and processes that end with it."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from honcho.environ import parse_procfile

from apps.sandbox import environment, vpn
from apps.sandbox.processes import end_all_marked
from apps.sandbox.runner import ask, free_port, says
from apps.sandbox.stack import Stack
from services import assembly, catalog
from services.kit import Kit
from services.platform import migrate
from services.platform.clock import wall_clock
from services.platform.config import inherited_environment, load

ROOT = Path(__file__).parents[1]
DIRECTORY = ROOT / ".dev" / "bench"
MARK = "KIOSK_BENCH"  # in the environment of every process that a benchmark starts
PROCFILE: dict[str, str] = dict(parse_procfile((ROOT / "Procfile").read_text()).processes)
READY = ("ready", "bot_ready")  # the event that a process logs then
SAMPLE = ROOT / "apps" / "console" / "catalog.sample.toml"


@dataclass
class Cost:
    """What `count` repetitions took: seconds on the wall, and CPU seconds of this process with all its threads."""

    count: int
    wall: float = 0.0
    cpu: float = 0.0

    @property
    def per_second(self) -> float:
        return self.count / self.wall

    @property
    def milliseconds(self) -> float:
        return self.wall / self.count * 1e3

    @property
    def cpu_us(self) -> float:
        return self.cpu / self.count * 1e6


@contextmanager
def stopwatch(count: int) -> Iterator[Cost]:
    """Filled in at the end of the block, which repeats something `count` times."""
    cost = Cost(count)
    wall, cpu = time.perf_counter(), time.process_time()
    yield cost
    cost.wall, cost.cpu = time.perf_counter() - wall, time.process_time() - cpu


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least this share of them does not exceed (nearest rank)."""
    return sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a Markdown table; all columns but the first are figures."""
    print(f"| {' | '.join(header)} |")
    print(f"|{'|'.join(['---', *['---:'] * (len(header) - 1)])}|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print(flush=True)


@dataclass
class Rig:
    """The running servers. `environ` makes a Kiosk that lives in a sandbox world at `world_url`."""

    stack: Stack
    web_port: int = field(default_factory=lambda: free_port(5900))
    world_port: int = field(default_factory=lambda: free_port(8900))

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def world_url(self) -> str:
        return f"http://127.0.0.1:{self.world_port}"

    def environ(self, **changes: str) -> dict[str, str]:
        """In real time, and logging as in production. `changes` are environment variables."""
        given = environment.without_settings(inherited_environment())
        made = environment.environment(
            {**given, "LOG_FORMAT": "json", **changes},
            stack=self.stack,
            world_url=self.world_url,
            world_directory=DIRECTORY / "world",
            port=self.web_port,
            encryption_secret="a secret for benchmarks only",
            vpn_keys={code: vpn.public_key(code) for code in environment.VPN_SERVERS},
        )
        del made["CLOCK_URL"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{given.get('PATH', os.defpath)}"
        return {**made, "PATH": path, "PYTHONUNBUFFERED": "1", MARK: str(DIRECTORY)}

    @contextmanager
    def kit(self, process: str, **changes: str) -> Iterator[Kit]:
        """A Kiosk in this process, which logs warnings only."""
        settings = load(self.environ(LOG_LEVEL="WARNING", **changes))
        assembly.set_up_logs(settings, "bench")
        made = assembly.build(settings, process)
        yield made
        made.close()

    @contextmanager
    def process(self, name: str, command: str, environ: Mapping[str, str]) -> Iterator[Process]:
        """A process that gets SIGTERM at the end of the block, and 20 seconds."""
        log = DIRECTORY / f"{name}.log"
        with log.open("wb") as output:
            began = time.time()
            running = subprocess.Popen(
                shlex.split(command), cwd=ROOT, env=dict(environ), stdout=output, stderr=subprocess.STDOUT
            )
        try:
            yield Process(name, running, log, began)
        finally:
            running.terminate()
            try:
                running.wait(20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()

    @contextmanager
    def world(self) -> Iterator[Process]:
        """The sandbox world, which notes when files reach people: see bench/world.py."""
        command = f"python -m bench.world {self.world_port} {shlex.quote(str(DIRECTORY / 'world'))} {self.web_url}"
        with self.process("world", command, self.environ()) as world:
            world.wait_for(lambda: ask(f"{self.world_url}/") is not None)
            yield world

    def town(self, processes: ExitStack, *names: str) -> Process:
        """The world; these processes of the Procfile run beside it, and are ready."""
        world = processes.enter_context(self.world())
        for name in names:
            one = processes.enter_context(self.process(name, PROCFILE[name], self.environ()))
            one.wait_for(lambda one=one: any(f'"{word}"' in one.log.read_text() for word in READY))  # type: ignore[misc]
        world.wait_for(lambda: says(f"{self.web_url}/ready") is not None)
        return world


@dataclass(frozen=True)
class Process:
    """`began` is in seconds of the wall clock, as time.time() has it."""

    name: str
    running: subprocess.Popen[bytes]
    log: Path
    began: float

    def wait_for(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Raises SystemExit with what the process said when it ends before that, or takes too long."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.running.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{self.name} is not ready:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)


@contextmanager
def rig() -> Iterator[Rig]:
    """PostgreSQL and Redis in .dev/bench, which keep what they confirm as production's do; the sample catalogue is on
    sale. What a killed benchmark has left is ended first. Raises SystemExit while another one runs."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop_once)
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with (DIRECTORY.parent / "bench.lock").open("w") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit("Another benchmark is running.") from None
        end_all_marked(MARK, str(DIRECTORY))
        stack = Stack(DIRECTORY)
        stack.stop()
        shutil.rmtree(DIRECTORY)
        try:
            stack.start()
            migrate.upgrade(stack.database_url())
            made = Rig(stack)
            with made.kit("console") as kit, kit.db.begin() as tx:
                catalog.import_catalogue(tx, SAMPLE.read_text(encoding="utf-8"), wall_clock())
            yield made
        finally:
            stack.stop()


def _stop_once(*_: object) -> None:
    """A second signal must not cut short what the first one began: the end of all processes."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
