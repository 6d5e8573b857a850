"""The one tree of errors. The edges map `code` to HTTP statuses and to people's texts; nothing else does.

KioskError
├── Invalid          what was sent is wrong, and stays wrong: nothing changed
├── NotFound         there is no such thing, or it is somebody else's
├── Unauthenticated  nobody knows who asks: no credentials, or none that count
├── Forbidden        it exists, and you may not
├── Conflict         it was right a moment ago: the state moved on
├── Misconfigured    an operator must act: credentials, addresses, limits
├── Rejected         the other side understood and refused for good
└── TryLater         nobody is to blame yet: the same call may succeed in `after` seconds
"""

from __future__ import annotations

from typing import ClassVar


class KioskError(Exception):
    """Base of everything Kiosk raises on purpose. `code` is stable; the message is for logs and operators only."""

    code: ClassVar[str] = "error"


class Invalid(KioskError):
    code = "invalid"


class NotFound(KioskError):
    code = "not_found"


class Unauthenticated(KioskError):
    code = "unauthenticated"


class Forbidden(KioskError):
    code = "forbidden"


class Conflict(KioskError):
    code = "conflict"


class Misconfigured(KioskError):
    code = "misconfigured"


class Rejected(KioskError):
    code = "rejected"


class TryLater(KioskError):
    """`after` is in seconds; None leaves the moment to the caller's own back-off."""

    code = "try_later"

    def __init__(self, message: str = "", after: float | None = None) -> None:
        super().__init__(message)
        self.after = after
