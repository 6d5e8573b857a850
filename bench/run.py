"""`python -m bench.run [NAME ...]`: runs the benchmarks one after the other and writes their tables into the README.

With names it runs only those, and only prints."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

README = Path(__file__).with_name("README.md")
NAMES = (
    "config_qr",
    "bot_updates",
    "settlements",
    "outbox_notify",
    "sweeps",
    "access",
    "access_panel",
    "delivery",
    "hanging",
    "processes",
)
LONGEST = 150  # seconds for one of them
MARKED = re.compile(r"(<!-- results -->\n).*(<!-- end of results -->)", re.DOTALL)


def measured(name: str) -> str:
    """What the benchmark prints. Raises SystemExit when it fails or takes too long; it ends its processes itself."""
    running = subprocess.Popen([sys.executable, "-m", f"bench.{name}"], cwd=README.parents[1], stdout=subprocess.PIPE)
    try:
        printed, _ = running.communicate(timeout=LONGEST)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        running.terminate()
        running.wait()
        raise SystemExit(f"{name} was stopped") from None
    if running.returncode:
        raise SystemExit(f"{name} failed")
    return printed.decode()


def machine() -> str:
    load = os.getloadavg()[0]
    when = datetime.now(UTC)
    return (
        f"Measured on {when:%Y-%m-%d} on {os.cpu_count()} shared cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}; the load average before it began was {load:.1f}.\n"
    )


def main(names: list[str]) -> None:
    if unknown := sorted(set(names) - set(NAMES)):
        raise SystemExit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    parts = [machine()]
    for name in names or NAMES:
        began = time.monotonic()
        parts.append(measured(name))
        print(f"{parts[-1]}{name}: {time.monotonic() - began:.0f} s\n", flush=True)
    if not names:
        results = "\n".join(parts)
        README.write_text(MARKED.sub(lambda found: f"{found[1]}{results}{found[2]}", README.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
