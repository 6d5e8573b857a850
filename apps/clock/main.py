"""The clock: hands deliveries from the outbox to the broker, and runs the schedule. Any number of copies may run."""

from __future__ import annotations

import threading

import structlog

from apps.clock.relay import relay
from apps.clock.ticks import tick
from apps.lifetime import begin, stop_signal
from apps.transport import make_broker

STOP_WITHIN = 10  # seconds

log = structlog.get_logger(__name__)


def main() -> int:
    stop = stop_signal()
    kit = begin("clock")
    broker = make_broker(kit.settings)
    threads = [
        threading.Thread(target=relay, args=(kit, broker, stop), name="relay", daemon=True),
        threading.Thread(target=tick, args=(kit, stop), name="schedule", daemon=True),
    ]
    for thread in threads:
        thread.start()
    log.info("ready")
    stop.wait()
    for thread in threads:
        thread.join(STOP_WITHIN)
    broker.close()
    kit.close()
    log.info("stopped")
    return 0
