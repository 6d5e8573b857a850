from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGranted(Event):
    """The other side has confirmed. `fresh`: there is a configuration which the person has not seen yet;
    `cause` and `change_id` as in SubscriptionExtended."""

    name = "provisioning.access_granted"
    grant_id: int
    subscription_id: int
    invoice_id: int
    party: str
    fresh: bool
    ends_at: datetime
    cause: str = "payment"
    change_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDelayed(Event):
    """Paid, and not delivered at the first try; it goes on being tried. `reason` is an error's code."""

    name = "provisioning.access_delayed"
    grant_id: int
    subscription_id: int
    party: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCheckDue(Event):
    name = "provisioning.server_check_due"
    kind: str
    server: str
