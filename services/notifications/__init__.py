"""What Kiosk tells people by itself: one queue to Telegram, paced, each thing said once.

A message is a row, unique by its key, written in the transaction of the event that causes it; its text is made in the
person's language when it is sent. What Telegram may have received is not sent again; a chat that refused for good is
left alone until the person writes."""

from services.notifications.channels.base import Channel
from services.notifications.channels.telegram import TelegramChannel
from services.notifications.deliver import deliver
from services.notifications.events import MessageQueued
from services.notifications.pace import Pace
from services.notifications.reasons import explain, why_undecided
from services.notifications.tell import (
    tell_access_delayed,
    tell_access_granted,
    tell_charge_declined,
    tell_expired,
    tell_foreign_refund,
    tell_gift_bought,
    tell_gift_claimed,
    tell_gift_expired,
    tell_gift_taken_back,
    tell_method_saved,
    tell_payment_decided,
    tell_payment_failed,
    tell_payment_needs_decision,
    tell_referral_reward,
    tell_refund_failed,
    tell_refunded,
    tell_renewal_changed,
    tell_statement,
    tell_stray_stars,
)
from services.notifications.tell_failures import (
    tell_access_failed,
    tell_place_mended,
    tell_place_troubled,
    tell_withdrawal_stuck,
)
from services.notifications.tell_life import tell_canceled, tell_paused
from services.notifications.tell_of_tokens import (
    tell_balance_adjusted,
    tell_balance_low,
    tell_fee_charged,
    tell_fee_missed,
    tell_tokens_credited,
)
from services.notifications.tell_renewals import (
    tell_grace,
    tell_reminder,
    tell_renewal_ahead,
    tell_renewal_off,
    tell_renewal_on,
)

__all__ = [
    "Channel",
    "MessageQueued",
    "Pace",
    "TelegramChannel",
    "deliver",
    "explain",
    "tell_access_delayed",
    "tell_access_failed",
    "tell_access_granted",
    "tell_balance_adjusted",
    "tell_balance_low",
    "tell_canceled",
    "tell_charge_declined",
    "tell_expired",
    "tell_fee_charged",
    "tell_fee_missed",
    "tell_foreign_refund",
    "tell_gift_bought",
    "tell_gift_claimed",
    "tell_gift_expired",
    "tell_gift_taken_back",
    "tell_grace",
    "tell_method_saved",
    "tell_paused",
    "tell_payment_decided",
    "tell_payment_failed",
    "tell_payment_needs_decision",
    "tell_place_mended",
    "tell_place_troubled",
    "tell_referral_reward",
    "tell_refund_failed",
    "tell_refunded",
    "tell_reminder",
    "tell_renewal_ahead",
    "tell_renewal_changed",
    "tell_renewal_off",
    "tell_renewal_on",
    "tell_statement",
    "tell_stray_stars",
    "tell_tokens_credited",
    "tell_withdrawal_stuck",
    "why_undecided",
]
