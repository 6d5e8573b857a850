"""How every long process starts and ends."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

from services import assembly
from services.kit import Kit
from services.platform import config


def begin(process: str, pool: str | None = None) -> Kit:
    """Configuration, logs, and what the process works with. A bad configuration is said in plain text; exit code 2."""
    try:
        settings = config.load()
    except config.BadConfiguration as fault:
        sys.stderr.write(f"{fault}\n")
        raise SystemExit(2) from None
    assembly.set_up_logs(settings, process)
    return assembly.build(settings, pool or process)


def stop_signal() -> threading.Event:
    """Set by SIGTERM or SIGINT; Heroku sends SIGTERM to every process, often twice: the second changes nothing."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for number in numbers:  # Python takes its own handlers away before it ends, and the second signal would kill
            signal.signal(number, signal.SIG_IGN)

    numbers = signal.SIGTERM, signal.SIGINT
    for number in numbers:
        signal.signal(number, on_signal)
    return stop
