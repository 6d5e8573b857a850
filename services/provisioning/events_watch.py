"""What happens to access that nobody asked for: differences, failures, troubles, and the end of what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessHinted(Event):
    """The other side said that something changed there; `digest` names what it said, where that is known."""

    name = "provisioning.access_hinted"
    grant_id: int
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFailed(Event):
    """Paid, tried for days, and never delivered; it goes on being tried. `payment_id` is what paid for it, 0 where
    nothing did; `reason` is an error's code."""

    name = "provisioning.access_failed"
    grant_id: int
    subscription_id: int
    payment_id: int
    party: str
    kind: str
    place: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalStuck(Event):
    """Access that is over cannot be taken back: of `grants` at this place, the first of which is `grant_id`. `reason`
    is an error's code."""

    name = "provisioning.withdrawal_stuck"
    kind: str
    place: str
    grants: int
    grant_id: int
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTroubled(Event):
    """`trouble` as in models_watch.AccessPlaceRow; `says` is a line for operators."""

    name = "provisioning.place_troubled"
    kind: str
    place: str
    trouble: str
    says: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMended(Event):
    """That trouble, which operators were told of, is over."""

    name = "provisioning.place_mended"
    kind: str
    place: str
    trouble: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalsDue(Event):
    """Time to remove what ended long ago."""

    name = "provisioning.removals_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRemovalDue(Event):
    """This one ended long ago: nothing of it is kept any longer."""

    name = "provisioning.access_removal_due"
    grant_id: int
    revision: int
