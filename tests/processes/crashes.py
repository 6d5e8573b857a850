"""Orders to die, as a test gives them: the same errand again and again, killed one step later each time."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from sqlalchemy import text

from apps.sandbox.environment import without_settings
from services.platform.config import Settings, inherited_environment
from tests.world import Kiosk

ROOT = Path(__file__).parents[2]
# What the killed have left waits for the restart: nobody may do it meanwhile, however slow the machine is.
LATER = "UPDATE outbox_deliveries SET due_at = now() + interval '1 day' WHERE done_at IS NULL"
S = TypeVar("S")
Errand = Callable[..., None]


@dataclass(frozen=True)
class Order:
    """A process with these settings does `errand(kit, **told)` and carries out what follows from it (of events after
    `since`). It is killed at its step `kill_at`, counted from 1; with None it ends by itself. The relay between the
    reactions has steps only with `relay`. A rehearsal is done by the program that makes the processes."""

    settings: Settings
    errand: Errand
    told: dict[str, Any]
    since: int
    kill_at: int | None = None
    relay: bool = True
    rehearsal: bool = False


@dataclass(frozen=True)
class Fate:
    """`status` as of subprocess; `steps` are what it came to, in order: "before COMMIT", "after POST /v3/payments" and
    the like."""

    status: int
    steps: list[str]

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL


@dataclass(frozen=True, repr=False)
class Case(Generic[S]):
    """What one process was about, and where it died."""

    subject: S
    fate: Fate

    def __repr__(self) -> str:
        if not self.fate.killed:
            return f"{self.subject}, not killed"
        return f"{self.subject}, killed at step {len(self.fate.steps)}: {self.fate.steps[-1]}"


class Doomed:
    """The program of doomed.py, which makes and loses the processes."""

    def __init__(self, orders: IO[bytes], fates: IO[bytes], log: Path) -> None:
        self._orders, self._fates, self._log = orders, fates, log
        self.every = 1

    def run(self, kiosk: Kiosk, errand: Errand, told: dict[str, Any], **how: Any) -> Fate:
        """`how`: kill_at, relay, rehearsal. Fails where the errand does."""
        since = int(kiosk.scalar("SELECT coalesce(max(id), 0) FROM outbox_events"))
        pickle.dump(Order(kiosk.kit.settings, errand, told, since, **how), self._orders)
        self._orders.flush()
        fate: Fate = pickle.load(self._fates)
        assert fate.killed or fate.status == 0, self._log.read_text(errors="replace")[-4000:]
        return fate

    def everywhere(
        self,
        kiosk: Kiosk,
        errand: Errand,
        prepare: Callable[[], tuple[S, dict[str, Any]]],
        *,
        relay: bool = False,
        behind: str | None = None,
    ) -> list[Case[S]]:
        """One case after another, each a new one from `prepare` (which gives the subject and what is told): the first
        is not killed and shows the way, the second is killed at its first step, the third at its second, until the
        last; with `self.every` 2 at every second step and the last. All go the same way: no step is missed. The relay
        is the same on every way: where `relay` is False it is not killed. With `behind`, the name of a step, nobody is
        killed up to it: another errand has gone there."""
        subject, told = prepare()
        whole = self.run(kiosk, errand, told, relay=relay, rehearsal=True)
        cases = [Case(subject, whole)]
        first = whole.steps.index(behind) + 2 if behind else 1
        last = len(whole.steps)
        for kill_at in sorted({*range(first, last, self.every), last}):
            subject, told = prepare()
            with kiosk.kit.db.begin() as tx:
                tx.execute(text(LATER))
            cases.append(Case(subject, self.run(kiosk, errand, told, relay=relay, kill_at=kill_at)))
            assert cases[-1].fate == Fate(-signal.SIGKILL, whole.steps[:kill_at])
        return cases


@contextmanager
def doomed_program(log: Path) -> Iterator[Doomed]:
    command = [sys.executable, "-m", "tests.processes.doomed"]
    env = without_settings(inherited_environment())
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        ) as program,
    ):
        assert program.stdin
        assert program.stdout
        yield Doomed(program.stdin, program.stdout, log)
        program.stdin.close()  # it ends with its orders
        assert program.wait(20) == 0
