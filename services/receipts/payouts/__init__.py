"""What receipts have earned, paid: to the balance, to a phone, or by an operator's own hand. Never twice.

One row for each receipt. Its intent is stored before a call, its outcome after it; where nobody can know the outcome
the payout waits for a person, and nothing calls again."""

from services.receipts.payouts.errors import PayoutDecided, PayoutNotFound
from services.receipts.payouts.order import order_payout, phone_given
from services.receipts.payouts.pay import pay
from services.receipts.payouts.providers.base import PayoutProvider, PayoutProviders

__all__ = [
    "PayoutDecided",
    "PayoutNotFound",
    "PayoutProvider",
    "PayoutProviders",
    "order_payout",
    "pay",
    "phone_given",
]
