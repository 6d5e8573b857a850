"""What happens because of a receipt: a page of services/reactions.py."""

from __future__ import annotations

from datetime import timedelta

from services import identity, notifications, receipts
from services.identity import Party
from services.reaction import for_operators, inside, outside, plain

RECEIPTS = (
    # A picture came: it is read, judged, and what it earns is paid. Three stations, each with a queue of its own.
    outside(
        receipts.ReceiptSubmitted,
        "receipts.recognise",
        "ocr",
        lambda kit, event, now: receipts.recognise(
            kit.db, event, now, kit.storage, kit.reader, kit.settings.time_zone, kit.register
        ),
    ),
    inside(
        receipts.ReceiptRecognised,
        "receipts.judge",
        lambda kit, tx, event, now: receipts.judge(tx, kit.cipher, event, now),
        queue="rules",
    ),
    inside(
        receipts.ReceiptAccepted,
        "receipts.order_payout",
        lambda kit, tx, event, now: receipts.payouts.order_payout(tx, kit.cipher, event, now),
        queue="payouts",
    ),
    plain(receipts.ReceiptAccepted, receipts.note_paying),
    outside(
        receipts.PayoutDue,
        "receipts.pay",
        "payouts",
        lambda kit, event, now: receipts.payouts.pay(
            kit.db, kit.cipher, event, now, kit.payouts, kit.settings.payouts_a_day
        ),
    ),
    inside(
        identity.PhoneGiven,
        "receipts.phone_given",
        lambda kit, tx, event, now: receipts.payouts.phone_given(tx, kit.cipher, Party("user", event.user_id), now),
    ),
    # How it ended.
    plain(receipts.PayoutSucceeded, receipts.note_paid),
    plain(receipts.PayoutFailed, receipts.note_not_paid),
    # Pictures of those that were closed long ago.
    inside(
        receipts.PictureSweepDue,
        "receipts.plan_expiry",
        lambda kit, tx, _event, now: receipts.plan_expiry(tx, now, timedelta(days=kit.settings.receipt_picture_days)),
    ),
    outside(
        receipts.PictureExpired,
        "receipts.delete_picture",
        "ocr",
        lambda kit, event, now: receipts.delete_picture(kit.db, event, now, kit.storage),
    ),
    # One message tells its owner how it stands; operators hear of what needs a person.
    plain(receipts.ReceiptSubmitted, notifications.tell_receipt_reading),
    plain(receipts.ReceiptAccepted, notifications.tell_receipt_accepted),
    plain(receipts.ReceiptRejected, notifications.tell_receipt_rejected),
    for_operators(receipts.ReceiptNeedsReview, notifications.tell_receipt_needs_review),
    plain(receipts.PayoutSucceeded, notifications.tell_payout_succeeded),
    for_operators(receipts.PayoutFailed, notifications.tell_payout_failed),
    for_operators(receipts.PayoutNeedsDecision, notifications.tell_payout_needs_decision),
    for_operators(receipts.PayoutContradicted, notifications.tell_payout_contradicted),
    for_operators(receipts.PayoutsCapped, notifications.tell_payouts_capped),
    plain(identity.PhoneGiven, notifications.tell_phone_given),
    plain(receipts.ReceiptReversed, notifications.tell_receipt_reversed),
    # Somebody came and has not sent any.
    plain(receipts.ReceiptReminderDue, notifications.tell_receipt_reminder),
)
