from __future__ import annotations

from dataclasses import dataclass

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSubmitted(Event):
    """A picture is stored and waits to be read."""

    name = "receipts.submitted"
    receipt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRecognised(Event):
    """It was read, or a person typed it in; the rules have not looked yet."""

    name = "receipts.recognised"
    receipt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptAccepted(Event):
    """It earns `minor` of `currency`, which is taken from the campaign's budget already; `payout` says how it is to be
    paid."""

    name = "receipts.accepted"
    receipt_id: int
    party: str
    campaign: str
    minor: int
    currency: str
    payout: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRejected(Event):
    name = "receipts.rejected"
    receipt_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptNeedsReview(Event):
    """A person must look at it."""

    name = "receipts.needs_review"
    receipt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSweepDue(Event):
    """Pictures may have been kept long enough."""

    name = "receipts.picture_sweep_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureExpired(Event):
    """It was kept long enough, and is to be deleted in the storage."""

    name = "receipts.picture_expired"
    receipt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutDue(Event):
    """A payout may be carried out (again): by its provider."""

    name = "receipts.payout_due"
    payout_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutSucceeded(Event):
    name = "receipts.payout_succeeded"
    payout_id: int
    receipt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFailed(Event):
    """Refused for good, and nothing was paid. `reason` is the provider's code."""

    name = "receipts.payout_failed"
    payout_id: int
    receipt_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutNeedsDecision(Event):
    """Nobody knows whether it was paid: a person must find out."""

    name = "receipts.payout_needs_decision"
    payout_id: int
    receipt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptReversed(Event):
    """What it had earned was taken back, or stopped on its way, by a person."""

    name = "receipts.reversed"
    receipt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptReminderDue(Event):
    """Somebody came a day ago and has not sent a receipt."""

    name = "receipts.reminder_due"
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutContradicted(Event):
    """The provider says otherwise of a payout that has ended: `said` is "paid" or "not_paid", `state` what it is and
    stays. Nothing was changed: a person must look at the provider's own list."""

    name = "receipts.payout_contradicted"
    payout_id: int
    receipt_id: int
    state: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutsCapped(Event):
    """As many payouts as a day may see have begun: the others wait for the next day. Once a day."""

    name = "receipts.payouts_capped"
    most: int
