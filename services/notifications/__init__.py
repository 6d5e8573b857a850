"""What Kiosk tells people by itself: one queue to Telegram, paced, each thing said once.

A message is a row, unique by its key, written in the transaction of the event that causes it; its text is made in the
person's language when it is sent. What Telegram may have received is not sent again; a chat that refused for good is
left alone until the person writes."""

from services.notifications.channels.base import Button, Channel, Outgoing
from services.notifications.channels.telegram import TelegramChannel
from services.notifications.deliver import deliver
from services.notifications.events import JoinRefusalTold, MessageQueued
from services.notifications.for_operators_receipts import review_text
from services.notifications.goods import again as show_again
from services.notifications.goods import title
from services.notifications.pace import Pace
from services.notifications.reasons import explain, why_undecided
from services.notifications.reasons_receipts import TYPEABLE, Why, why_no_bonus
from services.notifications.receipt_words import (
    day_of,
    facts_of,
    is_paid_to_phone,
    one_line,
    products_of,
    receipt_text,
    shown_phone,
    sum_of,
    waits_for_phone,
)
from services.notifications.refuse_join import refuse_join
from services.notifications.tell import (
    tell_access_delayed,
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
from services.notifications.tell_access import tell_access_granted
from services.notifications.tell_channels import (
    tell_channel_back,
    tell_channel_lost,
    tell_member_banned,
    tell_removed,
)
from services.notifications.tell_failures import (
    tell_access_failed,
    tell_place_mended,
    tell_place_troubled,
    tell_withdrawal_stuck,
)
from services.notifications.tell_goods import (
    send_document,
    tell_document,
    tell_task_declined,
    tell_task_opened,
    tell_task_overdue,
)
from services.notifications.tell_life import tell_canceled, tell_paused
from services.notifications.tell_of_tokens import (
    tell_balance_adjusted,
    tell_balance_low,
    tell_fee_charged,
    tell_fee_missed,
    tell_tokens_credited,
)
from services.notifications.tell_receipts import (
    tell_payout_contradicted,
    tell_payout_failed,
    tell_payout_needs_decision,
    tell_payout_succeeded,
    tell_payouts_capped,
    tell_phone_given,
    tell_receipt_accepted,
    tell_receipt_needs_review,
    tell_receipt_reading,
    tell_receipt_rejected,
    tell_receipt_reminder,
    tell_receipt_reversed,
)
from services.notifications.tell_renewals import (
    tell_grace,
    tell_reminder,
    tell_renewal_ahead,
    tell_renewal_off,
    tell_renewal_on,
)
from services.notifications.tell_stock import tell_sale_undone
from services.notifications.told_receipts import as_paid

__all__ = [
    "TYPEABLE",
    "Button",
    "Channel",
    "JoinRefusalTold",
    "MessageQueued",
    "Outgoing",
    "Pace",
    "TelegramChannel",
    "Why",
    "as_paid",
    "day_of",
    "deliver",
    "explain",
    "facts_of",
    "is_paid_to_phone",
    "one_line",
    "products_of",
    "receipt_text",
    "refuse_join",
    "review_text",
    "send_document",
    "show_again",
    "shown_phone",
    "sum_of",
    "tell_access_delayed",
    "tell_access_failed",
    "tell_access_granted",
    "tell_balance_adjusted",
    "tell_balance_low",
    "tell_canceled",
    "tell_channel_back",
    "tell_channel_lost",
    "tell_charge_declined",
    "tell_document",
    "tell_expired",
    "tell_fee_charged",
    "tell_fee_missed",
    "tell_foreign_refund",
    "tell_gift_bought",
    "tell_gift_claimed",
    "tell_gift_expired",
    "tell_gift_taken_back",
    "tell_grace",
    "tell_member_banned",
    "tell_method_saved",
    "tell_paused",
    "tell_payment_decided",
    "tell_payment_failed",
    "tell_payment_needs_decision",
    "tell_payout_contradicted",
    "tell_payout_failed",
    "tell_payout_needs_decision",
    "tell_payout_succeeded",
    "tell_payouts_capped",
    "tell_phone_given",
    "tell_place_mended",
    "tell_place_troubled",
    "tell_receipt_accepted",
    "tell_receipt_needs_review",
    "tell_receipt_reading",
    "tell_receipt_rejected",
    "tell_receipt_reminder",
    "tell_receipt_reversed",
    "tell_referral_reward",
    "tell_refund_failed",
    "tell_refunded",
    "tell_reminder",
    "tell_removed",
    "tell_renewal_ahead",
    "tell_renewal_changed",
    "tell_renewal_off",
    "tell_renewal_on",
    "tell_sale_undone",
    "tell_statement",
    "tell_stray_stars",
    "tell_task_declined",
    "tell_task_opened",
    "tell_task_overdue",
    "tell_tokens_credited",
    "tell_withdrawal_stuck",
    "title",
    "waits_for_phone",
    "why_no_bonus",
    "why_undecided",
]
