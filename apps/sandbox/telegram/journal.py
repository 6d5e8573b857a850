"""Every call the bot has made, with what was wrong about it."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

CALLS_KEPT = 10_000


@dataclass
class Call:
    """One call: `errors` are broken rules no correct bot breaks; `status` is None when no answer was given."""

    n: int
    method: str
    args: dict[str, Any]
    errors: list[str]
    status: int | None = None


class Journal:
    """The last calls, numbered from 1. Calls of getUpdates are noted only when they are wrong."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self._problems: deque[Call] = deque(maxlen=CALLS_KEPT)
        self._count = 0

    def note(self, method: str, args: dict[str, Any], errors: list[str], status: int | None) -> None:
        """Adds a call that has ended."""
        if method == "getUpdates" and not errors:
            return
        self._count += 1
        call = Call(self._count, method, args, errors, status)
        self._calls.append(call)
        if errors:
            self._problems.append(call)

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        """The calls numbered above `after`, oldest first."""
        return [asdict(call) for call in self._calls if call.n > after]

    def problems(self) -> list[dict[str, Any]]:
        """Only those with errors."""
        return [asdict(call) for call in self._problems]
