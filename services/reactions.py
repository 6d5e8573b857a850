"""What happens because of what: the whole choreography of Kiosk on one page.

`inside` reactions run in one transaction with their delivery mark: applied once. `outside` reactions talk to the world
between transactions of their own: they run at least once and repeat harmlessly."""

from __future__ import annotations

from datetime import timedelta

from services import billing, gifts, identity, notifications, provisioning, referrals, subscriptions, wallet
from services.kit import Kit
from services.platform import outbox
from services.reaction import for_operators, inside, outside, plain, to_other_side
from services.reactions_receipts import RECEIPTS

# default: our own tables only. payments, access, telegram: one for each outside system, so that a slow one delays
# nobody else. ocr, rules, payouts: the receipts' stations.
QUEUES = ("default", "payments", "access", "telegram", "ocr", "rules", "payouts")


def referral_terms(kit: Kit) -> referrals.Terms:
    return referrals.Terms.parse(kit.settings.referral_inviter_reward, kit.settings.referral_invited_reward)


def why_not_to_charge(kit: Kit) -> billing.WhyNot:
    """What stands against a charge: its subscription, or that there is nothing left to give for it."""
    return lambda tx, purpose, now: (
        subscriptions.why_not_to_charge(tx, purpose, now)
        or provisioning.why_not_to_charge(tx, kit.provisioners, purpose, now)
    )


REACTIONS = (
    # Somebody new came.
    plain(identity.UserJoined, referrals.note_joined),
    # A provider said something, or has been silent for long: ask it.
    outside(
        billing.NotificationStored,
        "billing.check_notified",
        "payments",
        lambda kit, event, now: billing.check_notified(kit.db, kit.providers, event, now),
    ),
    outside(
        billing.PaymentCheckDue,
        "billing.reconcile",
        "payments",
        lambda kit, event, now: billing.reconcile(kit.db, kit.providers, event.payment_id, now, cause="schedule"),
    ),
    outside(
        billing.PaymentAuthorized,
        "billing.capture_or_cancel",
        "payments",
        lambda kit, event, now: billing.capture_or_cancel(kit.db, kit.providers, event, now),
    ),
    # It is paid: the subscription goes on, the access follows, the person is told.
    plain(billing.InvoicePaid, subscriptions.extend_after_payment),
    plain(billing.InvoicePaid, billing.note_charge_paid),
    # It was bought with a promo code: that use counts now, and what the code gives on top follows.
    plain(billing.InvoicePaid, billing.honour_promo),
    plain(billing.InvoicePaid, subscriptions.add_promo_days),
    plain(billing.InvoicePaid, wallet.credit_after_payment),
    inside(
        billing.InvoicePaid,
        "gifts.create_after_payment",
        lambda kit, tx, event, now: gifts.create_after_payment(
            tx, kit.cipher, event, timedelta(days=kit.settings.gift_days), now
        ),
    ),
    inside(
        billing.InvoicePaid,
        "referrals.reward_first_payment",
        lambda kit, tx, event, now: referrals.reward_first_payment(tx, event, referral_terms(kit), now),
    ),
    plain(subscriptions.SubscriptionExtended, referrals.give_pending),
    plain(referrals.RewardChanged, notifications.tell_referral_reward),
    inside(
        subscriptions.SubscriptionExtended,
        "provisioning.grant",
        lambda kit, tx, event, now: provisioning.grant(tx, event, now, kit.provisioners),
    ),
    outside(
        provisioning.GrantChanged,
        "provisioning.apply",
        "access",
        lambda kit, event, now: provisioning.apply(kit.db, event, now, kit.provisioners, kit.cipher),
    ),
    inside(
        provisioning.AccessGranted,
        "notifications.tell_access_granted",
        lambda kit, tx, event, now: notifications.tell_access_granted(tx, kit.cipher, event, now),
    ),
    for_operators(provisioning.AccessDelayed, notifications.tell_access_delayed),
    # Nothing was left when it was paid: all of the money goes back.
    inside(
        provisioning.AccessSoldOut,
        "provisioning.undo_sale",
        lambda kit, tx, event, now: provisioning.undo_sale(tx, event, now, kit.providers),
    ),
    for_operators(provisioning.SaleUndone, notifications.tell_sale_undone),
    inside(
        provisioning.AccessGranted,
        "notifications.tell_document",
        lambda kit, tx, event, now: notifications.tell_document(tx, kit.cipher, event, now),
    ),
    # A person has to do it: operators get a task, and the buyer is told to wait.
    for_operators(provisioning.TaskOpened, notifications.tell_task_opened),
    for_operators(provisioning.TaskOverdue, notifications.tell_task_overdue),
    plain(provisioning.TaskDeclined, notifications.tell_task_declined),
    # It cannot be delivered, or taken back, for long.
    for_operators(provisioning.AccessFailed, notifications.tell_access_failed),
    for_operators(provisioning.WithdrawalStuck, notifications.tell_withdrawal_stuck),
    # It is not paid, or not as it should be.
    plain(billing.PaymentFailed, notifications.tell_payment_failed),
    plain(billing.PaymentFailed, billing.plan_next_try),
    inside(
        billing.PaymentNeedsDecision,
        "billing.apply_policy",
        lambda kit, tx, event, now: billing.apply_policy(tx, kit.providers, event, kit.settings.payment_policies, now),
    ),
    inside(
        billing.PaymentNeedsDecision,
        "notifications.tell_payment_needs_decision",
        lambda kit, tx, event, now: notifications.tell_payment_needs_decision(
            tx, event, now, kit.settings.telegram_admin_ids, kit.settings.payment_policies
        ),
    ),
    plain(billing.PaymentDecided, notifications.tell_payment_decided),
    # Money goes back: the days and the rewards of that order go with it, the person is told.
    outside(
        billing.RefundRequested,
        "billing.send_refund",
        "payments",
        lambda kit, event, now: billing.continue_refund(kit.db, kit.providers, event.refund_id, now),
    ),
    outside(
        billing.RefundCheckDue,
        "billing.check_refund",
        "payments",
        lambda kit, event, now: billing.continue_refund(kit.db, kit.providers, event.refund_id, now),
    ),
    plain(billing.PaymentRefunded, subscriptions.shorten_after_refund),
    plain(billing.PaymentRefunded, subscriptions.take_promo_days),
    plain(billing.PaymentRefunded, billing.reverse_rewards),
    plain(billing.PaymentRefunded, wallet.take_back_after_refund),
    plain(billing.PaymentRefunded, referrals.take_back),
    plain(billing.PaymentRefunded, gifts.follow_refund),
    plain(billing.PaymentRefunded, notifications.tell_refunded),
    for_operators(billing.RefundFailed, notifications.tell_refund_failed),
    for_operators(billing.ForeignRefund, notifications.tell_foreign_refund),
    inside(
        subscriptions.SubscriptionShortened,
        "provisioning.shorten",
        lambda _, tx, event, now: provisioning.withdraw(tx, event, now),
    ),
    # Gifts, from one person to another.
    plain(gifts.GiftBought, notifications.tell_gift_bought),
    plain(gifts.GiftClaimed, notifications.tell_gift_claimed),
    plain(gifts.GiftExpired, notifications.tell_gift_expired),
    plain(gifts.GiftTakenBack, notifications.tell_gift_taken_back),
    # Remembered cards, and what providers renew by themselves.
    plain(billing.RenewalChanged, notifications.tell_renewal_changed),
    plain(billing.MethodSaved, notifications.tell_method_saved),
    outside(
        billing.ChargeDue,
        "billing.carry_out_charge",
        "payments",
        lambda kit, event, now: billing.carry_out_charge(kit.db, kit.providers, event, now, why_not_to_charge(kit)),
    ),
    plain(billing.ChargeDeclined, notifications.tell_charge_declined),
    plain(billing.ChargeDeclined, subscriptions.turn_off_after_decline),
    plain(billing.MethodGone, subscriptions.turn_off_for_method),
    plain(billing.RenewalChanged, subscriptions.note_provider_renewal),
    plain(subscriptions.RenewalTurnedOn, notifications.tell_renewal_on),
    plain(subscriptions.RenewalTurnedOff, notifications.tell_renewal_off),
    # Ends come near: what renews by itself is announced first, then everybody else is reminded.
    inside(
        subscriptions.EndsDue,
        "subscriptions.look_at_ends",
        lambda kit, tx, _event, now: subscriptions.look_at_ends(tx, now, kit.settings.time_zone),
    ),
    plain(subscriptions.RenewalAhead, notifications.tell_renewal_ahead),
    plain(subscriptions.ReminderDue, notifications.tell_reminder),
    plain(subscriptions.GraceBegan, notifications.tell_grace),
    # The day's operations, held against the providers' lists.
    outside(
        billing.StatementDue,
        "billing.make_statement",
        "payments",
        lambda kit, event, now: billing.on_statement_due(kit.db, kit.providers, event, now),
    ),
    for_operators(billing.StatementMade, notifications.tell_statement),
    # It stands still: access ends until it goes on.
    inside(
        subscriptions.SubscriptionPaused,
        "provisioning.suspend",
        lambda _, tx, event, now: provisioning.withdraw(tx, event, now),
    ),
    plain(subscriptions.SubscriptionPaused, notifications.tell_paused),
    plain(subscriptions.SubscriptionCanceled, notifications.tell_canceled),
    # It is over: access ends, the person is told.
    inside(
        subscriptions.SubscriptionExpired,
        "provisioning.withdraw",
        lambda _, tx, event, now: provisioning.withdraw(tx, event, now),
    ),
    plain(subscriptions.SubscriptionExpired, notifications.tell_expired),
    # Tokens: what came, what a period cost, what is left.
    plain(wallet.TokensCredited, notifications.tell_tokens_credited),
    plain(wallet.FeeCharged, notifications.tell_fee_charged),
    plain(wallet.FeeMissed, notifications.tell_fee_missed),
    plain(wallet.BalanceLow, notifications.tell_balance_low),
    plain(wallet.BalanceAdjusted, notifications.tell_balance_adjusted),
    inside(
        wallet.BonusSweepDue,
        "wallet.expire_bonus",
        lambda kit, tx, event, now: wallet.expire_bonus(tx, event, now, kit.settings.bonus_tokens_days),
    ),
    # Private chats: who asks to join, who is put out, where the bot cannot work.
    to_other_side(provisioning.channels.JoinRequested, provisioning.channels.answer_join),
    outside(
        provisioning.channels.JoinRefused,
        "notifications.refuse_join",
        "telegram",
        lambda kit, event, now: notifications.refuse_join(
            kit.db, event, now, channel=kit.telegram, pace=kit.pace, bot_url=kit.bot_url
        ),
    ),
    outside(
        notifications.JoinRefusalTold,
        "provisioning.decline_join",
        "access",
        lambda kit, event, now: provisioning.channels.decline_join(
            kit.db,
            kit.provisioners,
            chat_id=event.chat_id,
            telegram_id=event.telegram_id,
            asked_at=event.asked_at,
            update_id=event.update_id,
            now=now,
        ),
    ),
    plain(provisioning.channels.MemberRemoved, notifications.tell_removed),
    for_operators(provisioning.channels.MemberBanned, notifications.tell_member_banned),
    for_operators(provisioning.channels.ChannelLost, notifications.tell_channel_lost),
    for_operators(provisioning.channels.ChannelBack, notifications.tell_channel_back),
    plain(provisioning.channels.ChannelBack, provisioning.channels.go_on),
    # Housekeeping with the outside.
    inside(
        provisioning.ChecksDue,
        "provisioning.plan_checks",
        lambda kit, tx, _event, now: provisioning.plan_checks(tx, now, kit.provisioners),
    ),
    outside(
        provisioning.ServerCheckDue,
        "provisioning.check_server",
        "access",
        lambda kit, event, now: provisioning.reconcile(kit.db, event, now, kit.provisioners),
    ),
    to_other_side(provisioning.AccessHinted, provisioning.look),
    for_operators(provisioning.PlaceTroubled, notifications.tell_place_troubled),
    for_operators(provisioning.PlaceMended, notifications.tell_place_mended),
    # What ended long ago is forgotten.
    inside(
        provisioning.RemovalsDue,
        "provisioning.plan_removals",
        lambda kit, tx, _event, now: provisioning.plan_removals(tx, now, timedelta(days=kit.settings.access_kept_days)),
    ),
    to_other_side(provisioning.AccessRemovalDue, provisioning.remove),
    outside(
        notifications.MessageQueued,
        "notifications.deliver",
        "telegram",
        lambda kit, event, now: notifications.deliver(
            kit.db,
            event,
            now,
            channel=kit.telegram,
            pace=kit.pace,
            time_zone=kit.settings.time_zone,
            cipher=kit.cipher,
            bot_url=kit.bot_url,
            storage=kit.storage,
        ),
    ),
    *RECEIPTS,
)
RECORD_ONLY: tuple[type[outbox.Event], ...] = ()

BY_NAME = {reaction.name: reaction for reaction in REACTIONS}

# Where deliveries go, by name of event.
routes: dict[str, list[outbox.Route]] = {event.name: [] for event in RECORD_ONLY}
for _reaction in REACTIONS:
    routes.setdefault(_reaction.event.name, []).append(outbox.Route(_reaction.name, _reaction.queue))
