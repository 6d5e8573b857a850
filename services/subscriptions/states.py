"""The life of a subscription as one table.

trial     runs without having been paid for
active    runs, paid for
grace     has ended, and access goes on for a while, so that a late payer notices nothing
paused    stands still, its time kept
canceled  runs to its end and will not renew
expired   is over; a payment brings it back"""

from __future__ import annotations

from typing import ClassVar

from services.platform.errors import Conflict

RUNNING = ("trial", "active", "canceled")
LIVE = (*RUNNING, "grace", "paused")  # at most one of a party and product
GIVING_ACCESS = (*RUNNING, "grace")

# (state, what happens) -> state. What is not here cannot happen.
TABLE = {
    ("trial", "paid"): "active",
    ("active", "paid"): "active",
    ("grace", "paid"): "active",
    ("paused", "paid"): "active",  # whoever pays wants to use it
    ("canceled", "paid"): "active",
    ("expired", "paid"): "active",
    ("trial", "renewed"): "active",
    ("active", "renewed"): "active",
    ("grace", "renewed"): "active",
    ("paused", "renewed"): "paused",  # charged by us a moment after the person's no: the days are kept, the no stays
    ("canceled", "renewed"): "canceled",
    ("expired", "renewed"): "active",
    ("trial", "given"): "trial",
    ("active", "given"): "active",
    ("grace", "given"): "active",
    ("paused", "given"): "paused",
    ("canceled", "given"): "canceled",
    ("expired", "given"): "active",
    ("expired", "tried"): "trial",
    ("active", "changed"): "active",
    ("canceled", "changed"): "active",
    ("active", "paused"): "paused",
    ("paused", "resumed"): "active",
    ("active", "canceled"): "canceled",
    ("canceled", "kept"): "active",
    ("active", "late"): "grace",
    ("trial", "ended"): "expired",
    ("active", "ended"): "expired",
    ("canceled", "ended"): "expired",
    ("grace", "ended"): "expired",
    ("paused", "ended"): "expired",  # its money went back
}


class NotNow(Conflict):
    """The subscription's state does not allow this."""

    code: ClassVar[str] = "not_now"


def after(state: str, happens: str) -> str:
    """The state that follows. Raises NotNow."""
    try:
        return TABLE[state, happens]
    except KeyError:
        raise NotNow(f"{happens} while {state}") from None
