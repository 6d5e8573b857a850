"""Who may use what, until when.

A party has at most one live subscription of a product; its life is the table in states.py. Payment extends it: from its
end while it lives, from now when it has lapsed, by calendar periods. Time is kept in portions, one for each thing that
brought some (timeline.py), so that a refund takes its own days and a change of tariff keeps their value (value.py).
Every change is a row in the journal with its cause; one invoice, or one reference, brings time once."""

from services.subscriptions.change import ChangeOffer, OfferOver, change_offer, change_tariff, offer_change
from services.subscriptions.ending import claim, ending_between
from services.subscriptions.events import (
    GraceBegan,
    SubscriptionCanceled,
    SubscriptionExpired,
    SubscriptionExtended,
    SubscriptionPaused,
    SubscriptionShortened,
)
from services.subscriptions.expire import expire
from services.subscriptions.extend import extend_after_payment
from services.subscriptions.give import give, give_days, take_back
from services.subscriptions.journal import take_turns
from services.subscriptions.pause import cancel, keep, pause, resume
from services.subscriptions.shorten import end_after_refund, shorten_after_refund
from services.subscriptions.states import NotNow
from services.subscriptions.trial import TrialUsed, start_trial, trial_tariff
from services.subscriptions.value import OtherCurrency
from services.subscriptions.views import (
    Subscription,
    SubscriptionNotFound,
    own_subscription,
    subscription,
    subscriptions_of,
)

__all__ = [
    "ChangeOffer",
    "GraceBegan",
    "NotNow",
    "OfferOver",
    "OtherCurrency",
    "Subscription",
    "SubscriptionCanceled",
    "SubscriptionExpired",
    "SubscriptionExtended",
    "SubscriptionNotFound",
    "SubscriptionPaused",
    "SubscriptionShortened",
    "TrialUsed",
    "cancel",
    "change_offer",
    "change_tariff",
    "claim",
    "end_after_refund",
    "ending_between",
    "expire",
    "extend_after_payment",
    "give",
    "give_days",
    "keep",
    "offer_change",
    "own_subscription",
    "pause",
    "resume",
    "shorten_after_refund",
    "start_trial",
    "subscription",
    "subscriptions_of",
    "take_back",
    "take_turns",
    "trial_tariff",
]
