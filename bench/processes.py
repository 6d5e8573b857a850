"""Every process of the Procfile: seconds from its start to its ready line in the log, and what it weighs when idle.

RSS counts pages that processes share once for each, PSS divides them: PSS is what one more of it costs a machine, RSS
is what Heroku counts. Imports are timed by `python -X importtime`; the ceilings are an interpreter that does nothing
and one that only imports aiogram."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from functools import cache

import psutil

from bench.rig import PROCFILE, READY, ROOT, Process, Rig, rig, table

SETTLE = 2.0  # seconds until a process that is ready is idle
MODULES = {"web": "apps.web.main", "worker": "apps.bot.main", "clock": "apps.clock.main"}


def ready_at(process: Process) -> float | None:
    """When its log said so, in seconds of the wall clock."""
    for line in process.log.read_text(errors="replace").splitlines():
        with suppress(ValueError):  # not every line is JSON while a process starts
            said = json.loads(line)
            if said.get("event") in READY:
                return datetime.fromisoformat(said["timestamp"]).timestamp()
    return None


def started(stand: Rig, name: str) -> tuple[str, ...]:
    with stand.process(name, PROCFILE[name], stand.environ()) as process:
        process.wait_for(lambda: ready_at(process) is not None)
        ready = ready_at(process) or 0.0
        time.sleep(SETTLE)
        weight = psutil.Process(process.running.pid).memory_full_info()
        process.running.terminate()
        stopping = time.monotonic()
        process.running.wait(20)
        stopped = time.monotonic() - stopping
    seconds, imports = f"{ready - process.began:.2f} s", imports_of(MODULES.get(name, "apps.jobs.main"))
    return f"`{name}`", seconds, f"{imports:.2f} s", megabytes(weight.rss), megabytes(weight.pss), f"{stopped:.2f} s"


def megabytes(size: int) -> str:
    return f"{size / 2**20:.0f} MB"


@cache
def imports_of(module: str) -> float:
    """Seconds of all imports, the interpreter's own among them. Source: Python 3.11, "-X importtime"."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    return sum(map(int, re.findall(r"^import time:\s+(\d+) \|", said, re.MULTILINE))) / 1e6


def ceiling(code: str, module: str) -> tuple[str, ...]:
    """An interpreter that runs `code` and tells its size."""
    told = f"{code}\nimport psutil\nweight = psutil.Process().memory_full_info()\nprint(weight.rss, weight.pss)"
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True)
    seconds = time.monotonic() - began
    said = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    rss, pss = (megabytes(int(number)) for number in said.split())
    return f"`python -c '{code}'` (ceiling)", f"{seconds:.2f} s", f"{imports_of(module):.2f} s", rss, pss, "–"


def main() -> None:
    with rig() as stand, stand.world():
        rows = [started(stand, name) for name in PROCFILE if name != "release"]
    ceilings = [ceiling("pass", "builtins"), ceiling("import aiogram", "aiogram")]
    table(("Process", "ready after", "imports", "RSS idle", "PSS idle", "stopped after"), ceilings + rows)


if __name__ == "__main__":
    main()
