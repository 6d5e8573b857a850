"""The schedule, once a second."""

from __future__ import annotations

import threading

import structlog

from services.kit import Kit
from services.schedule import SCHEDULE, run

EVERY = 1.0  # seconds

log = structlog.get_logger(__name__)


def tick(kit: Kit, stop: threading.Event) -> None:
    """Runs until `stop`. A failing item is logged and tried again; it keeps nobody else from running."""
    while not stop.wait(EVERY):
        for scheduled in SCHEDULE:
            try:
                if count := run(kit.db, scheduled, kit.clock.now()):
                    log.info("scheduled", name=scheduled.name, count=count)
            except Exception:
                log.exception("schedule_fault", name=scheduled.name)
