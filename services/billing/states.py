"""The life of an attempt, as one table."""

from __future__ import annotations

from typing import ClassVar

from services.platform.errors import Conflict

# sending        the request is stored and may be on its way: nobody knows until the answer is stored
# unknown        the answer was lost or unclear: ask again with the same key, never with another
# awaiting_user  the provider waits for the buyer
# authorized     the money is held, not taken
# succeeded      the money is ours
# canceled       the provider gave up: the buyer's refusal, a decline, time
# failed         the provider never took the request, or refused it
TRANSITIONS: dict[str, frozenset[str]] = {
    "sending": frozenset({"unknown", "awaiting_user", "authorized", "succeeded", "canceled", "failed"}),
    "unknown": frozenset({"awaiting_user", "authorized", "succeeded", "canceled", "failed"}),
    "awaiting_user": frozenset({"authorized", "succeeded", "canceled"}),
    "authorized": frozenset({"succeeded", "canceled"}),
    # Money that arrives after all is never refused by a table: it is booked, and decided upon.
    "canceled": frozenset({"succeeded"}),
    "failed": frozenset({"succeeded"}),
    "succeeded": frozenset(),
}
OPEN = ("sending", "unknown", "awaiting_user", "authorized")


class ImpossibleTransition(Conflict):
    code: ClassVar[str] = "impossible_transition"


def check_transition(before: str, after: str) -> bool:
    """False when nothing changes. Raises ImpossibleTransition."""
    if before == after:
        return False
    if after not in TRANSITIONS[before]:
        raise ImpossibleTransition(f"{before} -> {after}")
    return True
