from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionExtended(Event):
    """Begun, prolonged, changed to another tariff or resumed: access is to be what its terms say, until `ends_at`.
    `cause`: payment, trial, change, resume, or what gave the days; `invoice_id` is 0 where no invoice did, `change_id`
    the line of the journal."""

    name = "subscriptions.extended"
    subscription_id: int
    invoice_id: int
    party: str
    ends_at: datetime
    cause: str = "payment"
    change_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionShortened(Event):
    """A refund took an order's days back, or days that were given were taken back; others are left."""

    name = "subscriptions.shortened"
    subscription_id: int
    party: str
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPaused(Event):
    """It stands still: access ends for now. `ends_at` is the end it would have had."""

    name = "subscriptions.paused"
    subscription_id: int
    party: str
    ends_at: datetime
    change_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCanceled(Event):
    """It runs to its end and does not renew."""

    name = "subscriptions.canceled"
    subscription_id: int
    party: str
    ends_at: datetime
    change_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GraceBegan(Event):
    """It has ended, and access goes on until `until`."""

    name = "subscriptions.grace_began"
    subscription_id: int
    party: str
    ends_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsDue(Event):
    """Time to look which ends come near: people are told of them, and of what will be charged."""

    name = "subscriptions.ends_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderDue(Event):
    """Somebody is to be reminded of an end. `kind`: 72h, 48h or 24h before it, or after."""

    name = "subscriptions.reminder_due"
    subscription_id: int
    party: str
    ends_at: datetime
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalAhead(Event):
    """It will renew by itself: its owner is to be told now. The charge `charge_id` waits for that; it is meant for
    `charge_at`."""

    name = "subscriptions.renewal_ahead"
    subscription_id: int
    party: str
    ends_at: datetime
    charge_id: int
    charge_at: datetime
    announced_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalTurnedOn(Event):
    """`cause`: user, or payment (the one that had its card remembered)."""

    name = "subscriptions.renewal_turned_on"
    subscription_id: int
    party: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalTurnedOff(Event):
    """`cause` as in the table of renewals. `told`: its owner knows from elsewhere."""

    name = "subscriptions.renewal_turned_off"
    subscription_id: int
    party: str
    cause: str
    at: datetime
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionExpired(Event):
    """`refunded`: it did not run out, its money went back."""

    name = "subscriptions.expired"
    subscription_id: int
    party: str
    ends_at: datetime
    refunded: bool = False
