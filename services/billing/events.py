from __future__ import annotations

from dataclasses import dataclass

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
class InvoicePaid(Event):
    name = "billing.invoice_paid"
    invoice_id: int
    payment_id: int
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed(Event):
    """The buyer tried and it did not work. `reason` is the provider's own word."""

    name = "billing.payment_failed"
    payment_id: int
    party: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNeedsDecision(Event):
    """Money came that cannot be applied by itself. `reason`: amount, late or double."""

    name = "billing.payment_needs_decision"
    payment_id: int
    party: str
    reason: str
