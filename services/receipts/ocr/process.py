"""Reads pictures in one small process beside this one: what hangs, dies or swells over a picture costs that picture.
Nothing heavy is imported here."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

from services.platform.config import bare_environment
from services.receipts.facts import Reading
from services.receipts.ocr.errors import EngineFailed, PictureRefused, ReaderBusy
from services.receipts.ocr.frames import receive, send
from services.receipts.pictures import LARGEST

ROOT = Path(__file__).parents[3]
SECONDS = 45.0  # for one picture, and for the start of the process
MEGABYTES = 1000  # of addresses, of which about 300 are ever used
SWOLLEN = 280  # megabytes that it ever used, after which it is replaced: allocators give little back
PICTURES = 100  # by one process: what its libraries leak goes with it
BUSY = 2.0  # seconds until another try
ONE_THREAD = {"OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}


class Reader:
    """One process, started when the first picture comes. For many threads: one is served, the others are told to come
    again. `tessdata` is TESSDATA_PREFIX; without `engine` codes are read, and no print."""

    def __init__(
        self,
        *,
        tessdata: str | None = None,
        engine: bool = True,
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
        pictures: int = PICTURES,
    ) -> None:
        self.peak_megabytes = 0  # the most memory that any process of its had used, by its own count
        self._seconds, self._pictures = seconds, pictures
        self._arguments = [str(megabytes), "print" if engine else "codes", *([tessdata] if tessdata else [])]
        self._turn = threading.Lock()
        self._child: _Child | None = None

    def read(self, picture: bytes, *, today: date) -> Reading:
        """Raises PictureRefused, EngineFailed, and ReaderBusy while it reads another."""
        if len(picture) > LARGEST:
            raise PictureRefused("too_large")
        if not self._turn.acquire(blocking=False):
            raise ReaderBusy("reads another picture", after=BUSY)
        try:
            return self._read(picture, today)
        finally:
            self._turn.release()

    def close(self) -> None:
        """Ends the process; a picture it reads is lost."""
        child, self._child = self._child, None
        if child:
            child.end()

    def _read(self, picture: bytes, today: date) -> Reading:
        child = self._child
        if child is None:
            child = self._child = _Child(self._arguments)
        try:
            answer = child.ask({"today": today.isoformat()}, picture, self._seconds)
        except EngineFailed:
            self.close()
            raise
        self.peak_megabytes = max(self.peak_megabytes, answer.get("peak_megabytes", 0))
        swollen = answer.get("peak_megabytes", 0) > SWOLLEN
        if "failed" in answer or swollen or child.asked >= self._pictures:
            self.close()
        if "failed" in answer:
            raise EngineFailed(f"{answer['failed']} at {answer.get('where')}")
        if "refused" in answer:
            raise PictureRefused(str(answer["refused"]))
        return Reading.from_json(answer["reading"])


class _Child:
    def __init__(self, arguments: list[str]) -> None:
        self._ours, theirs = socket.socketpair()
        self.asked = 0
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.receipts.ocr.child", str(theirs.fileno()), *arguments],
                cwd=ROOT,
                env=bare_environment() | ONE_THREAD,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # the engine's complaints about hostile pictures
            )

    def ask(self, asked: dict[str, Any], picture: bytes, seconds: float) -> dict[str, Any]:
        self.asked += 1
        self._ours.settimeout(seconds)
        began = monotonic()
        try:
            send(self._ours, asked, picture)
            self._ours.settimeout(max(0.1, seconds - (monotonic() - began)))
            answer = receive(self._ours)
        except TimeoutError:
            raise EngineFailed(f"no answer in {seconds:g} seconds") from None
        except (OSError, ValueError):
            answer = None
        if answer is None:
            raise EngineFailed(f"the process is gone: {self._ended()}")
        return answer[0]

    def _ended(self) -> str:
        try:
            return f"exit code {self._process.wait(1.0)}"
        except subprocess.TimeoutExpired:
            return "it answers nothing"

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._ours.close()
