"""The only file that reads a clock. Everything else is told the time.

Business time (`Clock.now`) can be moved ahead in development: CLOCK_URL names a file that holds whole seconds,
and the sandbox's time machine writes it. A file, because every process must agree on the time at once, also in
the middle of a jump. Production refuses the setting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit


def wall_clock() -> datetime:
    """Real time, aware, UTC: for signatures that other machines check. Business code is given `now`."""
    return datetime.now(UTC)


class Clock:
    """Business time: real UTC time plus the seconds in the offset file, where one is configured."""

    def __init__(self, url: str | None = None) -> None:
        self._offset_file = Path(unquote(urlsplit(url).path)) if url else None

    def now(self) -> datetime:
        return wall_clock() + timedelta(seconds=self._offset())

    def _offset(self) -> int:
        if self._offset_file is None:
            return 0
        try:
            return int(self._offset_file.read_text())
        except FileNotFoundError:
            return 0  # nobody has travelled yet
