"""The words of every notification, in the person's language. Made when the message is sent: what changed meanwhile is
told as it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services import identity, subscriptions
from services.notifications import (
    about_access,
    about_cards,
    about_channels,
    about_documents,
    about_failures,
    about_friends,
    about_gifts,
    about_life,
    about_payments,
    about_receipts,
    about_refunds,
    about_renewals,
    about_stock,
    about_tasks,
    about_tokens,
    for_operators,
    for_operators_access,
    for_operators_receipts,
)
from services.notifications.channels.base import Outgoing
from services.notifications.models import MessageRow
from services.notifications.occasion import Occasion
from services.platform.crypto import Cipher
from services.platform.i18n import language

# The names stand in stored messages.
KINDS: Mapping[str, Callable[[Occasion], Outgoing | None]] = {
    "access_file": about_access.file,
    "access_qr": about_access.qr,
    "access_good": about_access.good,
    "access_moved": about_access.moved,
    "access_ready": about_access.ready,
    "extended": about_access.extended,
    "access_delayed": about_access.delayed,
    "channel_removed": about_channels.removed,
    "sold_out": about_stock.sold_out,
    "document": about_documents.document,
    "document_ready": about_documents.ready,
    "task_waiting": about_tasks.waiting,
    "task_declined": about_tasks.declined,
    "access_failed": about_failures.failed,
    "expired": about_access.expired,
    "paused": about_life.paused,
    "canceled": about_life.canceled,
    "payment_failed": about_payments.failed,
    "payment_held": about_payments.held,
    "payment_kept": about_payments.kept,
    "renewal_changed": about_payments.renewal_changed,
    "refunded": about_refunds.refunded,
    "method_saved": about_cards.saved,
    "charge_declined": about_cards.declined,
    "tokens_credited": about_tokens.credited,
    "tokens_adjusted": about_tokens.adjusted,
    "tokens_low": about_tokens.low,
    "fee_charged": about_tokens.fee_charged,
    "fee_missed": about_tokens.fee_missed,
    "renewal_ahead": about_renewals.ahead,
    "renewal_on": about_renewals.turned_on,
    "renewal_off": about_renewals.turned_off,
    "reminder": about_renewals.reminder,
    "grace": about_renewals.grace,
    "referral_reward": about_friends.reward,
    "gift_bought": about_gifts.bought,
    "gift_card": about_gifts.card,
    "gift_claimed": about_gifts.claimed,
    "gift_expired": about_gifts.expired,
    "gift_taken_back": about_gifts.taken_back,
    "admin_access_delayed": for_operators.access_delayed,
    "admin_sold_out": for_operators.sold_out,
    "admin_task": about_tasks.for_operators,
    "admin_task_overdue": about_tasks.overdue,
    "admin_access_failed": for_operators_access.failed,
    "admin_withdrawal_stuck": for_operators_access.stuck,
    "admin_place_troubled": for_operators_access.troubled,
    "admin_place_mended": for_operators_access.mended,
    "admin_payment_held": for_operators.payment_held,
    "admin_refund_failed": for_operators.refund_failed,
    "admin_foreign_refund": for_operators.foreign_refund,
    "admin_statement": for_operators.statement,
    "admin_stray_stars": for_operators.stray_stars,
    "receipt": about_receipts.standing,
    "receipt_again": about_receipts.again,
    "receipt_reminder": about_receipts.reminder,
    "admin_receipt": for_operators_receipts.needs_review,
    "admin_payout_failed": for_operators_receipts.payout_failed,
    "admin_payout_undecided": for_operators_receipts.payout_undecided,
    "admin_payout_contradicted": for_operators_receipts.payout_contradicted,
    "admin_payouts_capped": for_operators_receipts.payouts_capped,
    "admin_channel_lost": about_channels.lost,
    "admin_channel_back": about_channels.back,
    "admin_member_banned": about_channels.banned,
}
# These show an address of the bot.
WITH_LINK = frozenset({"gift_card"})


def _note_renewal_told(tx: Session, params: Mapping[str, Any], now: datetime) -> None:
    ends_at, announced_at = (datetime.fromisoformat(params[name]) for name in ("ends_at", "announced_at"))
    subscriptions.note_told(tx, params["subscription_id"], ends_at, announced_at, now)


# What follows once a message has surely left.
AFTER_SENDING: Mapping[str, Callable[[Session, Mapping[str, Any], datetime], None]] = {
    "renewal_ahead": _note_renewal_told
}
# What is said, once, after a message of which nobody knows whether it has left: here, where more hangs on it.
AFTER_DOUBT: Mapping[str, str] = {
    "access_file": "access_ready",
    "access_good": "access_ready",
    "document": "document_ready",
    "renewal_ahead": "renewal_ahead",
    "receipt": "receipt_again",
}


def compose(
    tx: Session,
    row: MessageRow,
    person: identity.User | None,
    time_zone: str,
    cipher: Cipher,
    bot_url: str = "",
) -> Outgoing | None:
    """None when there is nothing to say any more."""
    about = row.params.get("party") or (str(person.party) if person else None)
    if about is None:
        return None
    say = person.language if person else language(None)
    return KINDS[row.kind](Occasion(tx, row.params, identity.Party.parse(about), say, time_zone, cipher, bot_url))
