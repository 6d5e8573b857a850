"""Money across the border: invoices, attempts to pay them, what the providers say about those.

An `Invoice` freezes what is sold and for how much. A `Payment` is one attempt with its own amount, key and state; an
invoice may see several. A provider's notification is a hint: it is stored, then the provider is asked, and only its
answer moves money (`settle`). What cannot be applied by itself becomes `PaymentNeedsDecision`; nothing is dropped.
Billing does not know what is sold: it announces `InvoicePaid`."""

from services.billing.checkout import Checkout, CheckoutFailed, audiences, checkout
from services.billing.events import (
    InvoicePaid,
    NotificationStored,
    PaymentCheckDue,
    PaymentFailed,
    PaymentNeedsDecision,
)
from services.billing.inbox import accept_notification, purge_notifications
from services.billing.providers.base import BadNotification, PaymentProvider
from services.billing.reconcile import check_notified, check_payment, expire_invoices, reconcile, schedule_checks
from services.billing.views import Invoice, Payment, PaymentNotFound, invoice, payment, payments_of

__all__ = [
    "BadNotification",
    "Checkout",
    "CheckoutFailed",
    "Invoice",
    "InvoicePaid",
    "NotificationStored",
    "Payment",
    "PaymentCheckDue",
    "PaymentFailed",
    "PaymentNeedsDecision",
    "PaymentNotFound",
    "PaymentProvider",
    "accept_notification",
    "audiences",
    "check_notified",
    "check_payment",
    "checkout",
    "expire_invoices",
    "invoice",
    "payment",
    "payments_of",
    "purge_notifications",
    "reconcile",
    "schedule_checks",
]
