"""From events to messages: who is told what. Runs in the event's transaction; nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import billing, gifts, identity, provisioning, referrals, subscriptions
from services.notifications.events import MessageQueued
from services.notifications.models import MessageRow
from services.platform import audit
from services.platform.outbox import emit

# Nobody tried to pay: the page was closed, or forgotten. Telling would only annoy.
SILENT_REASONS = ("expired_on_confirmation", "canceled_by_merchant", "no_answer")


def tell_access_delayed(tx: Session, event: provisioning.AccessDelayed, now: datetime, admins: Sequence[int]) -> None:
    params = {"subscription_id": event.subscription_id, "grant_id": event.grant_id, "reason": event.reason}
    about = f"delayed:{event.grant_id}:{event.since.isoformat()}"
    tell(tx, event.party, "access_delayed", about, params, now)
    # Of many orders that wait for the same, operators hear once an hour.
    about = f"delayed:{event.reason}:{event.since:%Y-%m-%dT%H}"
    tell_admins(tx, admins, "admin_access_delayed", about, {**params, "party": event.party}, now)


def tell_payment_failed(tx: Session, event: billing.PaymentFailed, now: datetime) -> None:
    """Of a remembered card `tell_charge_declined` tells, with what comes next."""
    if event.attended and event.reason not in SILENT_REASONS:
        params = {"payment_id": event.payment_id, "reason": event.reason}
        tell(tx, event.party, "payment_failed", f"failed:payment:{event.payment_id}", params, now)


def tell_payment_needs_decision(
    tx: Session,
    event: billing.PaymentNeedsDecision,
    now: datetime,
    admins: Sequence[int],
    policy: Mapping[str, str],
) -> None:
    """Nothing where a rule decides: `tell_payment_decided` tells what became of it."""
    if policy[event.reason] != "ask":
        return
    params = {"payment_id": event.payment_id, "reason": event.reason}
    about = f"decision:payment:{event.payment_id}"
    tell(tx, event.party, "payment_held", about, params, now)
    tell_admins(tx, admins, "admin_payment_held", about, {**params, "party": event.party}, now)


def tell_payment_decided(tx: Session, event: billing.PaymentDecided, now: datetime) -> None:
    """What is applied shows as access, what is refunded is told when the money is back."""
    if event.choice == "keep":
        params = {"payment_id": event.payment_id}
        tell(tx, event.party, "payment_kept", f"kept:payment:{event.payment_id}", params, now)


def tell_refunded(tx: Session, event: billing.PaymentRefunded, now: datetime) -> None:
    params = {"refund_id": event.refund_id, "payment_id": event.payment_id, "shorten": event.shorten}
    tell(tx, event.party, "refunded", f"refunded:{event.refund_id}", params, now)


def tell_refund_failed(tx: Session, event: billing.RefundFailed, now: datetime, admins: Sequence[int]) -> None:
    params = {"refund_id": event.refund_id, "party": event.party, "reason": event.reason, "unknown": event.unknown}
    tell_admins(tx, admins, "admin_refund_failed", f"refund_failed:{event.refund_id}:{event.unknown}", params, now)


def tell_foreign_refund(tx: Session, event: billing.ForeignRefund, now: datetime, admins: Sequence[int]) -> None:
    params = {"refund_id": event.refund_id, "party": event.party}
    tell_admins(tx, admins, "admin_foreign_refund", f"foreign_refund:{event.refund_id}", params, now)


def tell_stray_stars(tx: Session, told: Mapping[str, Any], now: datetime, admins: Sequence[int]) -> None:
    """Stars moved, and no provider here can book it. `told` is what the bot's update said of it; it is kept in the
    audit log, and an operator is told. A subscription's state alone moves nothing."""
    if (charge := told.get("charge_id")) is None:
        return
    kept = {name: told.get(name) for name in ("payload", "amount", "from", "date")}
    what = f"stars.{told['kind']}"
    audit.record(tx, actor="provider:stars", action=what, subject=f"charge:{charge}", now=now, **kept)
    params = {"charge_id": charge, "kind": told["kind"], "amount": told.get("amount"), "from": told.get("from")}
    tell_admins(tx, admins, "admin_stray_stars", f"{what}:{charge}", params, now)


def tell_method_saved(tx: Session, event: billing.MethodSaved, now: datetime) -> None:
    about = f"method_saved:{event.method_id}:{now.date().isoformat()}"
    tell(tx, event.party, "method_saved", about, {"method_id": event.method_id}, now)


def tell_renewal_changed(tx: Session, event: billing.RenewalChanged, now: datetime) -> None:
    params = {"payment_id": event.payment_id, "state": event.state}
    tell(tx, event.party, "renewal_changed", f"renewal:{event.payment_id}:{now.isoformat()}", params, now)


def tell_charge_declined(tx: Session, event: billing.ChargeDeclined, now: datetime) -> None:
    next_at = event.next_at.isoformat() if event.next_at else None
    params = {"charge_id": event.charge_id, "reason": event.reason, "next_at": next_at}
    about = f"charge_declined:{event.charge_id}:{now.isoformat()}"
    tell(tx, event.party, "charge_declined", about, params, now)


def tell_statement(tx: Session, event: billing.StatementMade, now: datetime, admins: Sequence[int]) -> None:
    """Only when something does not agree: silence is the good news."""
    if event.differences:
        params = {
            "provider": event.provider,
            "day": event.day,
            "operations": event.operations,
            "differences": event.differences,
        }
        about = f"statement:{event.provider}:{event.day}:{event.differences}"
        tell_admins(tx, admins, "admin_statement", about, params, now)


def tell_expired(tx: Session, event: subscriptions.SubscriptionExpired, now: datetime) -> None:
    """Not when its money went back: that is told by itself."""
    if event.refunded:
        return
    params = {"subscription_id": event.subscription_id}
    about = f"expired:{event.subscription_id}:{event.ends_at.isoformat()}"
    tell(tx, event.party, "expired", about, params, now)


def tell_referral_reward(tx: Session, event: referrals.RewardChanged, now: datetime) -> None:
    """The message tells how it stands when it is sent, so days that had to wait a moment for their subscription are
    told once: pending ones of the invited person follow with the purchase itself."""
    reward = referrals.reward(tx, event.reward_id)
    if event.state == "pending" and reward.side == "invited":
        return
    params = {"reward_id": event.reward_id, "state": event.state}
    tell(tx, event.party, "referral_reward", f"referral_reward:{event.reward_id}:{event.state}", params, now)


def tell_gift_bought(tx: Session, event: gifts.GiftBought, now: datetime) -> None:
    """A word to the buyer, then the card to be forwarded."""
    for kind in ("gift_bought", "gift_card"):
        tell(tx, event.party, kind, f"{kind}:{event.gift_id}", {"gift_id": event.gift_id}, now)


def tell_gift_claimed(tx: Session, event: gifts.GiftClaimed, now: datetime) -> None:
    """The buyer; whoever claimed it sees it at once, and gets the access."""
    if event.claimed_by != event.party:
        tell(tx, event.party, "gift_claimed", f"gift_claimed:{event.gift_id}", {"gift_id": event.gift_id}, now)


def tell_gift_expired(tx: Session, event: gifts.GiftExpired, now: datetime) -> None:
    if event.minor:
        params = {"gift_id": event.gift_id, "minor": event.minor, "currency": event.currency}
        tell(tx, event.party, "gift_expired", f"gift_expired:{event.gift_id}", params, now)


def tell_gift_taken_back(tx: Session, event: gifts.GiftTakenBack, now: datetime) -> None:
    """Whoever had claimed it; the buyer is told of the refund."""
    params = {"gift_id": event.gift_id}
    tell(tx, event.claimed_by, "gift_taken_back", f"gift_taken_back:{event.gift_id}", params, now)


def tell(tx: Session, party: str, kind: str, key: str, params: dict[str, Any], now: datetime) -> bool:
    """Queues a message to the person who is this party; nobody reads for other parties yet. False as in `queue`."""
    owner = identity.Party.parse(party)
    return owner.kind == "user" and queue(tx, identity.user(tx, owner.id).telegram_id, kind, key, params, now)


def tell_admins(tx: Session, admins: Sequence[int], kind: str, key: str, params: dict[str, Any], now: datetime) -> None:
    """Queues a message to each operator."""
    for telegram_id in admins:
        queue(tx, telegram_id, kind, f"admin:{telegram_id}:{key}", params, now)


def queue(tx: Session, telegram_id: int, kind: str, key: str, params: dict[str, Any], now: datetime) -> bool:
    """Puts a message into the queue unless its key is there already: then it returns False."""
    row = insert(MessageRow).values(
        key=key, telegram_id=telegram_id, kind=kind, params=params, state="queued", created_at=now
    )
    message_id = tx.scalar(row.on_conflict_do_nothing().returning(MessageRow.id))
    if message_id is not None:
        emit(tx, MessageQueued(message_id=message_id), now)
    return message_id is not None
