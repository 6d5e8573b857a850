"""What makes an answer of the other side differ from what is wanted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from services.provisioning.provisioners.base import DIFFERS, Grant, Held

What = Literal["absent", "state", "end", "credentials", "limits"]
ON = ("active", "limited")
SAME = timedelta(seconds=1)  # other sides cut what is finer


def difference(grant: Grant, held: Held, before: str, credentials: str | None, now: datetime) -> What | None:
    """`before` is the state which the other side had when the grant was last applied, `credentials` their key then: an
    adapter that could not bring about more, has nothing to mend. What ended by itself is as wanted when it was to end,
    and so is what has used up its traffic."""
    if grant.state != "active":
        return "state" if _lets_in(held, now) else _limits(held)
    if grant.ends_at <= now:
        return None  # whoever ends it is on the way
    if held.state not in ON and held.state != before:
        return "absent" if held.state == "absent" else "state"
    if held.state == "absent":
        return None
    if held.ends_at is not None and abs(held.ends_at - grant.ends_at) > SAME:
        return "end"
    if held.key and credentials and held.key != credentials:
        return "credentials"
    return _limits(held)


def _lets_in(held: Held, now: datetime) -> bool:
    return held.state in ON and (held.ends_at is None or held.ends_at > now)


def _limits(held: Held) -> What | None:
    return "limits" if held.problem == DIFFERS else None
