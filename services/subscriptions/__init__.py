"""Who may use what, until when.

A party has at most one live subscription of a product. Payment extends it: from its end while it lives, from now when
it has lapsed, by calendar periods. A refund takes back what is left of what its order brought. Every change is a row in
the journal with its cause; one invoice extends once."""

from services.subscriptions.events import SubscriptionExpired, SubscriptionExtended, SubscriptionShortened
from services.subscriptions.expire import expire
from services.subscriptions.extend import extend_after_payment
from services.subscriptions.shorten import end_after_refund, shorten_after_refund
from services.subscriptions.views import (
    Subscription,
    SubscriptionNotFound,
    own_subscription,
    subscription,
    subscriptions_of,
)

__all__ = [
    "Subscription",
    "SubscriptionExpired",
    "SubscriptionExtended",
    "SubscriptionNotFound",
    "SubscriptionShortened",
    "end_after_refund",
    "expire",
    "extend_after_payment",
    "own_subscription",
    "shorten_after_refund",
    "subscription",
    "subscriptions_of",
]
