"""What Telegram says about Stars, read without asking it anything: updates of the bot and listed transactions.

Sources: Telegram Bot API 10.3, SuccessfulPayment, RefundedPayment, BotSubscriptionUpdated, StarTransaction."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.billing.providers.base import (
    BadNotification,
    Evidence,
    Notice,
    Operation,
    RawNotice,
    RefundSnapshot,
    Renewal,
    Snapshot,
)
from services.platform.documents import BadDocument, read_object
from services.platform.money import BadAmount, Money

CURRENCY = "XTR"
PAID, REFUNDED, SUBSCRIPTION = "successful_payment", "refunded_payment", "subscription"
LARGEST_NOTICE = 16 * 1024
LONGEST_CHARGE = 512  # charge ids of today have more than 128 characters
LATEST = 253402300799  # the last second of the year 9999
STATE = re.compile(r"[a-z_]{1,32}")
DAY = 24 * 3600
RENEWED_AFTER = range(29 * DAY, 45 * DAY)  # seconds: a period is 30 days, a late payment may take some more


@dataclass(frozen=True, slots=True)
class Shop:
    """The bot that is paid. `test` is what Snapshots say of it: Stars have no flag of their own."""

    merchant: str
    test: bool


def notice_of_update(update: dict[str, Any]) -> RawNotice | None:
    """What an update of the bot tells of Stars: a payment, a refund or a subscription's new state; None for every
    other update. Nothing personal is taken along but the number of the Telegram account. Pure, never raises.

    Only for updates that Telegram itself has authenticated (getUpdates, or a webhook with its secret): the notice has
    no signature, whoever can make one can make money."""
    message, changed = update.get("message"), update.get(SUBSCRIPTION)
    if isinstance(changed, dict):
        told = {"kind": SUBSCRIPTION, "payload": changed.get("invoice_payload"), "state": changed.get("state")}
        return _raw(told | {"from": _id(changed.get("user")), "update": update.get("update_id")})
    if not isinstance(message, dict):
        return None
    for kind in (PAID, REFUNDED):
        payment = message.get(kind)
        if isinstance(payment, dict) and payment.get("currency") == CURRENCY:
            return _raw(_payment(kind, payment) | {"from": _payer(message), "date": message.get("date")})
    return None


def read(raw: RawNotice) -> Notice:
    """The Notice of what `notice_of_update` made. Raises BadNotification.

    A subscription's state may come and go and come again, so its notice is named by payload and update together."""
    try:
        body = read_object(raw.body, limit=LARGEST_NOTICE)
    except BadDocument as error:
        raise BadNotification(str(error)) from None
    kind, payload, update = body.get("kind"), body.get("payload"), body.get("update")
    if not isinstance(payload, str) or not 1 <= len(payload.encode()) <= 128 or type(body.get("from")) is not int:
        raise BadNotification("names no payload or no person")
    if kind == SUBSCRIPTION:
        state = body.get("state")
        if not isinstance(state, str) or not STATE.fullmatch(state) or type(update) is not int:
            raise BadNotification("not a state of a subscription")
        return Notice(f"{SUBSCRIPTION}.{state}", f"{payload}:{update}", body, signed=True)
    charge = body.get("charge_id")
    if kind not in (PAID, REFUNDED):
        raise BadNotification("not a notification we know")
    if not isinstance(charge, str) or not 1 <= len(charge) <= LONGEST_CHARGE or not charge.isprintable():
        raise BadNotification("names no charge")
    if _amount(body.get("amount")) is None or body.get("currency") != CURRENCY or _at(body.get("date")) is None:
        raise BadNotification("says no amount or no date")
    return Notice(kind, charge, body, signed=True)


def evidence(kind: str, body: dict[str, Any], shop: Shop) -> Evidence | None:
    """What a stored notice proves; None for none of ours."""
    if kind.startswith(f"{SUBSCRIPTION}."):
        return Renewal(str(body["payload"]), str(body["state"]))
    amount, at = _amount(body.get("amount")), _at(body.get("date"))
    if kind not in (PAID, REFUNDED) or amount is None or at is None:
        return None
    charge = str(body["charge_id"])
    if kind == REFUNDED:
        return RefundSnapshot(charge, charge, "succeeded", amount, at=at)
    renewal = body.get("is_recurring") is True and body.get("is_first_recurring") is not True
    return _snapshot(charge, amount, str(body["payload"]), at, renewal, shop)


def operations(transactions: Iterable[dict[str, Any]], since: datetime, shop: Shop) -> list[Operation]:
    """Payments and refunds since then among `transactions` (StarTransaction, oldest first, also what is 29 to 45 days
    older than payments of subscriptions).

    The list does not say which charge of a subscription is the first: one that follows another of the same person and
    payload by a month is a renewal. Left out is what moved Stars without being a payment of an invoice of ours
    (withdrawals, gifts, paid media, commissions), and payments that an affiliate had a share of or that are not whole:
    there the list tells what arrived, not what was paid. Raises ValueError for a payment that cannot be read."""
    found: list[Operation] = []
    paid: dict[tuple[int, str], list[int]] = {}
    for transaction in transactions:
        partner = transaction.get("source") or transaction.get("receiver")
        if not isinstance(partner, dict) or not _is_ours(transaction, partner):
            continue
        charge, amount, date = transaction.get("id"), _amount(transaction.get("amount")), transaction.get("date")
        at = _at(date)
        if not isinstance(charge, str) or amount is None or at is None:
            raise ValueError("a transaction without id, amount or date")
        seconds = int(at.timestamp())
        recent = seconds >= int(since.timestamp())  # dates are whole seconds
        if "source" not in transaction:
            if recent:
                found.append(RefundSnapshot(charge, charge, "succeeded", amount, at=at))
            continue
        payload = str(partner["invoice_payload"])
        before = paid.setdefault((_id(partner.get("user")), payload), [])
        if recent:
            renewal = is_of_subscription(transaction) and any(seconds - one in RENEWED_AFTER for one in before)
            found.append(_snapshot(charge, amount, payload, at, renewal, shop))
        before.append(seconds)
    return found


def is_of_subscription(transaction: dict[str, Any]) -> bool:
    """Whether somebody paid for a period of a subscription."""
    source = transaction.get("source")
    return isinstance(source, dict) and "subscription_period" in source


def _is_ours(transaction: dict[str, Any], partner: dict[str, Any]) -> bool:
    """Paid for an invoice of the bot or given back for one, and in whole."""
    exact = not transaction.get("nanostar_amount") and "affiliate" not in partner
    kind = (partner.get("type"), partner.get("transaction_type"))
    return kind == ("user", "invoice_payment") and bool(partner.get("invoice_payload")) and exact


def _snapshot(charge: str, amount: Money, payload: str, at: datetime, renewal: bool, shop: Shop) -> Snapshot:
    return Snapshot(charge, "succeeded", amount, payload, shop.merchant, shop.test, renewal=renewal, at=at)


def _payment(kind: str, payment: dict[str, Any]) -> dict[str, Any]:
    told = {
        "kind": kind,
        "charge_id": payment.get("telegram_payment_charge_id"),
        "payload": payment.get("invoice_payload"),
        "amount": payment.get("total_amount"),
        "currency": CURRENCY,
    }
    if kind == REFUNDED:
        return told
    return told | {
        "is_recurring": payment.get("is_recurring") is True,
        "is_first_recurring": payment.get("is_first_recurring") is True,
        "subscription_expiration_date": payment.get("subscription_expiration_date"),
    }


def _payer(message: dict[str, Any]) -> int:
    """Who paid: in a group not the chat. Whom a refund's message names as its sender is not documented: a bot there
    gives way to the chat."""
    sender = message.get("from")
    if not isinstance(sender, dict) or sender.get("is_bot"):
        sender = message.get("chat")
    return _id(sender)


def _id(thing: object) -> int:
    number = thing.get("id") if isinstance(thing, dict) else None
    return number if type(number) is int else 0


def _amount(stars: object) -> Money | None:
    if type(stars) is not int or stars < 1:
        return None
    try:
        return Money(stars, CURRENCY)
    except BadAmount:
        return None


def _at(date: object) -> datetime | None:
    return datetime.fromtimestamp(date, UTC) if type(date) is int and 0 < date <= LATEST else None


def _raw(told: dict[str, Any]) -> RawNotice:
    return RawNotice(json.dumps(told).encode())
