"""Failures on demand: what Telegram and the network do to a bot on a bad day."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from apps.sandbox.telegram.errors import ApiError, bad_request

FLOOD_LIMITS = "flood_limits"
MODES = ("429", "403", "502", "500", "slow", "dropped", "dropped_after", "cut", "unavailable", FLOOD_LIMITS)
DOWNLOAD = "download"  # the method's name of what is got at getFile's file_path


@dataclass
class Fault:
    """`mode` happens to the next `times` calls of `method` (None: of any method but getUpdates); getting a file is the
    method "download".

    429: flood control for `retry_after` seconds; 403: the user has blocked the bot; 500: an error as JSON;
    502: an error as an HTML page; slow: the answer comes `delay` seconds later; dropped: the connection closes and
    nothing was done; dropped_after: it was done, then the connection closes without an answer; cut: it was done, and
    the connection closes in the middle of the answer; unavailable: what getFile says of a file that has gone.
    flood_limits stays until cleared: Telegram's own limits hold (30 messages a second, 1 a second in each chat).
    """

    mode: str
    method: str | None = None
    times: int = 1
    retry_after: int = 1
    delay: float = 1.0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}")

    def refusal(self) -> ApiError | None:
        """The error the bot sees as JSON, if this fault is one."""
        if self.mode == "429":
            return too_many_requests(self.retry_after)
        if self.mode == "403":
            return ApiError(403, "Forbidden: bot was blocked by the user")
        if self.mode == "500":
            return ApiError(500, "Internal Server Error")
        if self.mode == "unavailable":
            return bad_request("wrong file_id or the file is temporarily unavailable")
        return None


@dataclass
class Bucket:
    """A token bucket; time is in seconds of any steady clock."""

    rate: float
    burst: float
    level: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.burst

    def refill(self, at: float) -> None:
        """Adds what has dripped in until `at`."""
        self.level = min(self.burst, self.level + (at - self.at) * self.rate)
        self.at = at

    def wait(self) -> float:
        """Seconds until one more is allowed, 0 if it is now."""
        return max(0.0, (1 - self.level) / self.rate)


class Faults:
    """The switches that are on."""

    def __init__(self) -> None:
        self.clear()

    def add(self, fault: Fault) -> None:
        """Switches a fault on, after those which are on already."""
        self._active.append(fault)

    def clear(self) -> None:
        """Switches all off."""
        self._active: list[Fault] = []
        self._overall = Bucket(rate=30, burst=30)
        self._chats: dict[Any, Bucket] = {}

    def active(self) -> list[dict[str, Any]]:
        """The faults to come."""
        return [asdict(fault) for fault in self._active]

    def take(self, method: str) -> Fault | None:
        """The fault that happens to this call, if any; it is used up once."""
        for fault in self._active:
            hits = fault.method == method if fault.method else method != "getUpdates"
            if fault.mode != FLOOD_LIMITS and hits:
                fault.times -= 1
                if fault.times <= 0:
                    self._active.remove(fault)
                return fault
        return None

    def count_message(self, chat_id: Any, at: float) -> None:
        """Counts a message against the flood limits at the moment `at`. Raises ApiError 429 when they are exceeded."""
        if not any(fault.mode == FLOOD_LIMITS for fault in self._active):
            return
        buckets = (self._overall, self._chats.setdefault(chat_id, Bucket(rate=1, burst=3)))
        for bucket in buckets:
            bucket.refill(at)
        wait = max(bucket.wait() for bucket in buckets)
        if wait > 0:
            raise too_many_requests(math.ceil(wait))
        for bucket in buckets:
            bucket.level -= 1


def too_many_requests(seconds: int) -> ApiError:
    """Flood control (Telegram Bot API, ResponseParameters)."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", parameters={"retry_after": seconds})
