"""How every long process starts and ends."""

from __future__ import annotations

import signal
import sys
import threading

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
    """Set by SIGTERM or SIGINT; Heroku sends SIGTERM to every process, often twice: the second changes nothing, also
    while Python is shutting down. Call it first: threads started before would still die of the signal.

    A thread waits for the signals. A handler would run in the middle of whatever the main thread does, and when that is
    `Event.wait` itself, setting the event there waits for ever for the lock it holds."""
    stop = threading.Event()
    asked = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, asked)

    def wait() -> None:
        while True:
            signal.sigwait(asked)
            stop.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop
