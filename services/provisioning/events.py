from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantChanged(Event):
    """What is wanted of a grant is another thing now: the other side is to be made equal to it. `cause`, `change_id`
    and `invoice_id` as in SubscriptionExtended, or else suspend, withdraw, shorten, rotation, location, bar, repair."""

    name = "provisioning.grant_changed"
    grant_id: int
    revision: int
    cause: str
    change_id: int = 0
    invoice_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGranted(Event):
    """The other side has confirmed. `fresh`: there is something which the person has not seen yet; `revision`, `cause`
    and `change_id` as in GrantChanged."""

    name = "provisioning.access_granted"
    grant_id: int
    subscription_id: int
    invoice_id: int
    party: str
    fresh: bool
    ends_at: datetime
    cause: str = "payment"
    change_id: int = 0
    revision: int = 0


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
class AccessSoldOut(Event):
    """Nothing was left to give when it was paid; nothing is tried any more, of the whole order. `invoice_id` is what
    paid for it, `grant_id` the first of its goods of which there was none."""

    name = "provisioning.access_sold_out"
    grant_id: int
    subscription_id: int
    invoice_id: int
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleUndone(Event):
    """What was sold out goes back to its buyer. `refund_id` is 0 where that could not be ordered: `why_not` is the
    code of the error, and a person has to act."""

    name = "provisioning.sale_undone"
    grant_id: int
    subscription_id: int
    invoice_id: int
    payment_id: int
    party: str
    refund_id: int = 0
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksDue(Event):
    """Time to look at every place where access is given."""

    name = "provisioning.checks_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCheckDue(Event):
    """Time to look at one place: a server, a panel, a chat."""

    name = "provisioning.server_check_due"
    kind: str
    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOpened(Event):
    """Something is to be done by hand, usually within `hours`: `kind` is give or take_back. `again`: new credentials
    of what was given before."""

    name = "provisioning.task_opened"
    task_id: int
    grant_id: int
    subscription_id: int
    party: str
    kind: str
    hours: int
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDeclined(Event):
    """An operator will not give it; the reason stands with the task. `refund_id` is 0 where no money goes back."""

    name = "provisioning.task_declined"
    task_id: int
    grant_id: int
    subscription_id: int
    party: str
    refund_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOverdue(Event):
    """It has waited longer than was promised."""

    name = "provisioning.task_overdue"
    task_id: int
    party: str
    kind: str
    since: datetime
