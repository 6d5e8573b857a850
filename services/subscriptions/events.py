from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionExtended(Event):
    """Begun or prolonged by a paid invoice."""

    name = "subscriptions.extended"
    subscription_id: int
    invoice_id: int
    party: str
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionShortened(Event):
    """A refund took an order's days back; others are left."""

    name = "subscriptions.shortened"
    subscription_id: int
    party: str
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionExpired(Event):
    """`refunded`: it did not run out, its money went back."""

    name = "subscriptions.expired"
    subscription_id: int
    party: str
    ends_at: datetime
    refunded: bool = False
