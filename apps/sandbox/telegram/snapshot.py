"""One JSON file that follows the state in memory."""

import asyncio
import atexit
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakSet

_DELAY = 0.2  # seconds from a change to the write
_SHARE = 50  # a write that takes t seconds is followed by at least 50 t of rest


class Snapshot:
    """Writes what `state` returns (JSON; objects are written as their attributes) soon after every change."""

    def __init__(self, path: Path, state: Callable[[], dict[str, Any]]) -> None:
        self._path = path
        self._state = state
        self._delay = _DELAY
        self._timer: asyncio.TimerHandle | None = None
        _ALL.add(self)

    def read(self) -> dict[str, Any] | None:
        """The last state written, None if there is none."""
        if not self._path.exists():
            return None
        saved: dict[str, Any] = json.loads(self._path.read_text())
        return saved

    def schedule(self) -> None:
        """The state has changed: it is written after a short delay, together with what else changes meanwhile."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay, self.flush)

    def flush(self) -> None:
        """Writes now, if there is something to write. The file is always whole: it is replaced, not rewritten."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        started = time.monotonic()
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(self._state(), default=vars, ensure_ascii=False))
        draft.replace(self._path)
        self._delay = max(_DELAY, _SHARE * (time.monotonic() - started))


_ALL: WeakSet[Snapshot] = WeakSet()


@atexit.register
def _flush_all() -> None:
    """A mounted application may see no shutdown."""
    for snapshot in list(_ALL):
        snapshot.flush()
