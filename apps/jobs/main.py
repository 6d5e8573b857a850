"""The workers: `python -m apps.jobs [QUEUE ...]`, no name meaning every queue.

One actor carries out deliveries. dramatiq's own command line is not used: on a second SIGTERM it hangs until it is
killed (its worker threads are never stopped)."""

from __future__ import annotations

import sys

import dramatiq
import structlog
from dramatiq import Worker

from apps.lifetime import begin, stop_signal
from apps.transport import ACTOR, make_broker
from services.kit import Kit
from services.react import react
from services.reactions import QUEUES

IDLE_POLL_MS = 50  # how long an idle queue sleeps at most: it is the latency of each hop
# Threads that answer to PostgreSQL a hundred times for each purchase must not wait 5 ms (Python's default) for the
# interpreter each time, while another draws a QR code.
SWITCH_SECONDS = 0.0005
STOP_WITHIN_MS = 15_000  # Heroku kills after 30 s

log = structlog.get_logger(__name__)


def main(arguments: list[str] | None = None) -> int:
    queues = (sys.argv[1:] if arguments is None else arguments) or list(QUEUES)
    if unknown := sorted(set(queues) - set(QUEUES)):
        sys.stderr.write(f"no such queue: {', '.join(unknown)}; there are {', '.join(QUEUES)}\n")
        return 2
    process = "jobs" if len(queues) > 1 else queues[0]
    stop = stop_signal()
    kit = begin(process, pool=process if process in ("ocr", "rules", "payouts") else "jobs")
    sys.setswitchinterval(SWITCH_SECONDS)
    worker = start(kit, queues)
    log.info("ready", queues=queues)
    stop.wait()
    worker.stop(timeout=STOP_WITHIN_MS)
    worker.broker.close()
    kit.close()
    log.info("stopped")
    return 0


def start(kit: Kit, queues: list[str]) -> Worker:
    """Starts the worker's threads; they share the kit."""
    broker = make_broker(kit.settings)
    dramatiq.set_broker(broker)

    def carry_out(event_id: int, reaction: str) -> None:
        with structlog.contextvars.bound_contextvars(event_id=event_id, reaction=reaction):
            react(kit, event_id, reaction)

    dramatiq.Actor(carry_out, broker=broker, actor_name=ACTOR, queue_name="default", priority=0, options={})
    worker = Worker(broker, queues=set(queues), worker_threads=kit.settings.job_threads, worker_timeout=IDLE_POLL_MS)
    worker.start()
    return worker
