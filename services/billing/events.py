from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationStored(Event):
    """A provider said something; it was not believed yet."""

    name = "billing.notification_stored"
    notification_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCheckDue(Event):
    """An attempt has been open for a while: time to ask the provider by ourselves."""

    name = "billing.payment_check_due"
    payment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAuthorized(Event):
    """The money is held: it is to be taken, or to be let go."""

    name = "billing.payment_authorized"
    payment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePaid(Event):
    name = "billing.invoice_paid"
    invoice_id: int
    payment_id: int
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed(Event):
    """It did not work. `reason` is the provider's own word; `attended`: the buyer was there and tried."""

    name = "billing.payment_failed"
    payment_id: int
    party: str
    reason: str
    invoice_id: int = 0
    attended: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNeedsDecision(Event):
    """Money came that cannot be applied by itself. `reason`: amount, late or double."""

    name = "billing.payment_needs_decision"
    payment_id: int
    party: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDecided(Event):
    """What becomes of such money. `choice`: apply, refund or keep (on the buyer's balance)."""

    name = "billing.payment_decided"
    payment_id: int
    party: str
    choice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequested(Event):
    """Money is to go back through the provider."""

    name = "billing.refund_requested"
    refund_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCheckDue(Event):
    """A refund has been on its way for a while: nobody notifies of one that was canceled."""

    name = "billing.refund_check_due"
    refund_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefunded(Event):
    """Money is back: `minor` of the `of_minor` that the payment brought. `shorten`: the order's days go with it;
    `applied`: the payment had paid its invoice; `full`: nothing of it is left."""

    name = "billing.payment_refunded"
    refund_id: int
    payment_id: int
    invoice_id: int
    party: str
    minor: int
    of_minor: int
    shorten: bool
    applied: bool
    full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed(Event):
    """The provider did not give the money back, or nobody knows: a person must act. `unknown` tells which."""

    name = "billing.refund_failed"
    refund_id: int
    payment_id: int
    party: str
    reason: str
    unknown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRefund(Event):
    """Money went back that was not asked for here (the shop's cabinet, a chargeback). It is in the books; access stays
    until an operator acts."""

    name = "billing.foreign_refund"
    refund_id: int
    payment_id: int
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSaved(Event):
    """A card is remembered, with its owner's consent."""

    name = "billing.method_saved"
    method_id: int
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodGone(Event):
    """A remembered card is charged no more: its owner had it forgotten, or its bank refused it for good. `cause`:
    card_forgotten or card_refused."""

    name = "billing.method_gone"
    method_id: int
    party: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalChanged(Event):
    """A provider goes on, or stops, to charge each period by itself. `state`: active, canceled or failed; `payment_id`
    is the first payment."""

    name = "billing.renewal_changed"
    payment_id: int
    party: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeDue(Event):
    """A remembered card, or the balance, is to be charged now. `tries` is how often it has been before: an announcement
    that comes late is not another try."""

    name = "billing.charge_due"
    charge_id: int
    tries: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeDeclined(Event):
    """A remembered card, or the balance, could not be charged. `next_at` is the next try; none: there is none, its
    owner must act."""

    name = "billing.charge_declined"
    charge_id: int
    party: str
    purpose: str
    reason: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementDue(Event):
    """A day (ISO date, UTC) of a provider's operations is to be held against ours."""

    name = "billing.statement_due"
    provider: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementMade(Event):
    name = "billing.statement_made"
    provider: str
    day: str
    operations: int
    differences: int
