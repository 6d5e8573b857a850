"""The process that reads: `python -m services.receipts.ocr.child SOCKET MEGABYTES WHAT [TESSDATA]`, started by
process.Reader only. WHAT is "print", or "codes" alone.

It is given pictures that strangers made, so it has no secrets, less time than others, and limits."""

from __future__ import annotations

import os
import resource
import socket
import sys
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.receipts.ocr.frames import receive, send

if TYPE_CHECKING:
    from services.receipts.ocr.base import Engine

NICE = 5
CPU_SECONDS = 60  # for one picture; the parent is gone where nobody stopped it before


def main(arguments: list[str]) -> None:
    with socket.socket(fileno=int(arguments[0])) as parent:
        _limit(megabytes=int(arguments[1]))
        prefix = arguments[3] if len(arguments) > 3 else None
        engine = _engine(prefix, reads_print=arguments[2] == "print")
        while (request := receive(parent)) is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (_cpu() + CPU_SECONDS, resource.RLIM_INFINITY))
            send(parent, _answer(*request, engine))


def _answer(asked: dict[str, Any], picture: bytes, engine: Engine | None) -> dict[str, Any]:
    from services.receipts.ocr.errors import PictureRefused
    from services.receipts.ocr.read import read

    try:
        reading = read(picture, engine, date.fromisoformat(asked["today"]))
    except PictureRefused as error:
        return {"refused": error.reason}
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent starts a fresh process
        return {"failed": type(error).__name__, "where": _where(error)}
    return {"reading": reading.as_json(), "peak_megabytes": _peak_megabytes()}


def _peak_megabytes() -> int:
    """Of this process alone: what getrusage says begins with what the parent had when it started this one."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:  # no Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _where(error: Exception) -> str:
    """File and line, and nothing of what was read."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""


def _limit(megabytes: int) -> None:
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _cpu() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int(used.ru_utime + used.ru_stime)


def _engine(prefix: str | None, *, reads_print: bool) -> Engine | None:
    """Imports what is heavy, once: before the first picture comes."""
    import cv2

    from services.receipts.ocr.languages import find_languages

    import_module("services.receipts.ocr.read")
    cv2.setNumThreads(1)
    languages = find_languages(prefix)
    if languages.path is None or not reads_print:
        return None
    from services.receipts.ocr.tesseract import Tesseract

    return Tesseract(languages)


if __name__ == "__main__":
    main(sys.argv[1:])
