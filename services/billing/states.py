"""The lives of an attempt and of a refund, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from services.platform.errors import Conflict

Table = Mapping[str, frozenset[str]]

# sending        the request is stored and may be on its way: nobody knows until the answer is stored
# unknown        the answer was lost or unclear: ask again with the same key, never with another
# awaiting_user  the provider waits for the buyer
# authorized     the money is held, not taken
# succeeded      the money is ours
# canceled       the provider gave up: the buyer's refusal, a decline, time
# failed         the provider never took the request, or refused it
PAYMENTS: Table = {
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

# requested      wanted, and surely not sent yet
# sending        may be on its way
# unknown        the answer was lost: asked again with the same key, or decided by a person
# pending        the provider is at it
# succeeded      the money is back
# canceled       the provider could not give it back
# failed         the provider refused the request
REFUNDS: Table = {
    "requested": frozenset({"sending", "failed"}),
    "sending": frozenset({"requested", "unknown", "pending", "succeeded", "canceled", "failed"}),
    "unknown": frozenset({"pending", "succeeded", "canceled", "failed"}),
    "pending": frozenset({"succeeded", "canceled"}),
    "canceled": frozenset({"succeeded"}),
    "failed": frozenset({"succeeded"}),
    "succeeded": frozenset(),
}
ON_ITS_WAY = ("requested", "sending", "unknown", "pending")


class ImpossibleTransition(Conflict):
    code: ClassVar[str] = "impossible_transition"


def check_transition(table: Table, before: str, after: str) -> bool:
    """False when nothing changes. Raises ImpossibleTransition."""
    if before == after:
        return False
    if after not in table[before]:
        raise ImpossibleTransition(f"{before} -> {after}")
    return True
