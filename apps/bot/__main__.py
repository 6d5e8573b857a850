"""`python -m apps.bot`: the Telegram worker. Exit codes: 0 stopped, 2 configuration (as text on stderr)."""

from __future__ import annotations

import os
import signal
import sys

from services.platform import config


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        # Nothing is in hand until the worker runs. Not sys.exit: pydantic takes it for an error of aiogram's models.
        signal.signal(number, lambda *_: os._exit(0))
    try:
        settings = config.load()
    except config.BadConfiguration as error:
        sys.stderr.write(f"{error}\n")
        return 2
    from apps.bot.main import run  # after the check of the configuration: importing aiogram takes seconds

    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
