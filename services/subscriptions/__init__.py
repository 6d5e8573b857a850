"""Who may use what, until when.

A party has at most one live subscription of a product; its life is the table in states.py. Payment extends it: from its
end while it lives, from now when it has lapsed, by calendar periods. Time is kept in portions, one for each thing that
brought some (timeline.py), so that a refund takes its own days and a change of tariff keeps their value (value.py).
Every change is a row in the journal with its cause; one invoice, or one reference, brings time once."""

from services.subscriptions.change import (
    ChangeOffer,
    OfferOver,
    change_offer,
    change_tariff,
    earlier_offer,
    offer_change,
)
from services.subscriptions.claim import claim, ending_between
from services.subscriptions.ending import look_at_ends, schedule_ends
from services.subscriptions.events import (
    EndsDue,
    GraceBegan,
    ReminderDue,
    RenewalAhead,
    RenewalTurnedOff,
    RenewalTurnedOn,
    SubscriptionCanceled,
    SubscriptionExpired,
    SubscriptionExtended,
    SubscriptionPaused,
    SubscriptionShortened,
)
from services.subscriptions.expire import expire
from services.subscriptions.extend import extend_after_payment
from services.subscriptions.forecast import Foreseen, foresee
from services.subscriptions.forecast import forecast as forecast_renewals
from services.subscriptions.give import give, give_days, take_back
from services.subscriptions.journal import take_turns
from services.subscriptions.notice import note_told
from services.subscriptions.pause import cancel, keep, pause, resume
from services.subscriptions.promo import (
    PromoNeedsSubscription,
    Redeemed,
    add_promo_days,
    redeem,
    take_promo_days,
)
from services.subscriptions.renew import renewal_notice_holds, why_not_to_charge
from services.subscriptions.renewals import (
    By,
    CannotRenew,
    Renewal,
    note_provider_renewal,
    renewal_of,
    turn_off_after_decline,
    turn_off_for_method,
    turn_off_renewal,
    turn_on_renewal,
)
from services.subscriptions.shorten import end_after_refund, shorten_after_refund
from services.subscriptions.states import NotNow
from services.subscriptions.trial import TrialUsed, start_trial, trials_open_to, who_tried
from services.subscriptions.value import OtherCurrency
from services.subscriptions.views import (
    Line,
    Subscription,
    SubscriptionNotFound,
    any_subscription,
    history,
    own_subscription,
    subscription,
    subscriptions_by_id,
    subscriptions_of,
)

__all__ = [
    "By",
    "CannotRenew",
    "ChangeOffer",
    "EndsDue",
    "Foreseen",
    "GraceBegan",
    "Line",
    "NotNow",
    "OfferOver",
    "OtherCurrency",
    "PromoNeedsSubscription",
    "Redeemed",
    "ReminderDue",
    "Renewal",
    "RenewalAhead",
    "RenewalTurnedOff",
    "RenewalTurnedOn",
    "Subscription",
    "SubscriptionCanceled",
    "SubscriptionExpired",
    "SubscriptionExtended",
    "SubscriptionNotFound",
    "SubscriptionPaused",
    "SubscriptionShortened",
    "TrialUsed",
    "add_promo_days",
    "any_subscription",
    "cancel",
    "change_offer",
    "change_tariff",
    "claim",
    "earlier_offer",
    "end_after_refund",
    "ending_between",
    "expire",
    "extend_after_payment",
    "forecast_renewals",
    "foresee",
    "give",
    "give_days",
    "history",
    "keep",
    "look_at_ends",
    "note_provider_renewal",
    "note_told",
    "offer_change",
    "own_subscription",
    "pause",
    "redeem",
    "renewal_notice_holds",
    "renewal_of",
    "resume",
    "schedule_ends",
    "shorten_after_refund",
    "start_trial",
    "subscription",
    "subscriptions_by_id",
    "subscriptions_of",
    "take_back",
    "take_promo_days",
    "take_turns",
    "trials_open_to",
    "turn_off_after_decline",
    "turn_off_for_method",
    "turn_off_renewal",
    "turn_on_renewal",
    "who_tried",
    "why_not_to_charge",
]
