"""YooKassa's objects and notifications as ours (source: its OpenAPI file of 2026-04). Few fields are read, everything
else is tolerated: real answers differ from the published schema, and its lists of words grow."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from services.billing.providers.base import (
    IGNORED,
    BadNotification,
    Method,
    NextAction,
    Notice,
    Outcome,
    RawNotice,
    RefundSnapshot,
    Snapshot,
    Unknown,
)
from services.platform.documents import BadDocument, read_object
from services.platform.money import BadAmount, Money

STATUSES = {
    "pending": "awaiting_user",
    "waiting_for_capture": "authorized",
    "succeeded": "succeeded",
    "canceled": "canceled",
}
REFUND_STATUSES = ("pending", "succeeded", "canceled")
ID = re.compile(r"[0-9A-Za-z_-]{1,64}")  # theirs have 36 characters
EVENT = re.compile(r"[a-z_]{1,31}\.[a-z_]{1,31}")
LARGEST_NOTIFICATION = 256 * 1024
UNREADABLE = (KeyError, TypeError, AttributeError, ValueError, BadAmount)


def opened(payment: dict[str, Any]) -> Outcome:
    """A fresh payment: NextAction while it waits for the buyer, else what became of it."""
    seen = snapshot(payment)
    confirmation = payment.get("confirmation")
    url = confirmation.get("confirmation_url") if isinstance(confirmation, dict) else None
    if isinstance(seen, Snapshot) and seen.status == "awaiting_user" and isinstance(url, str):
        return NextAction(seen.external_id, url)
    return seen


def snapshot(payment: dict[str, Any]) -> Snapshot | Unknown:
    """What must not be guessed (id, status, amount, shop) is read or the answer is none; what only adds to it (fee,
    card, time) is left out when it cannot be read."""
    try:
        status = STATUSES[payment["status"]]
        if status == "succeeded" and payment.get("paid") is not True:
            return Unknown("succeeded but not paid")
        amount = _money(payment["amount"])
        return Snapshot(
            external_id=_id(payment["id"]),
            status=status,
            amount=amount,
            key=_key(payment, "attempt"),
            merchant=str(payment["recipient"]["account_id"]),
            test=payment.get("test") is True,
            reason=_reason(payment),
            fee=_fee(amount, _maybe_money(payment.get("income_amount"))),
            refunded=_maybe_money(payment.get("refunded_amount")),
            method=_method(payment.get("payment_method")),
            at=_moment(payment.get("captured_at")) or _moment(payment.get("created_at")),
        )
    except UNREADABLE as error:
        return Unknown(f"unreadable payment: {type(error).__name__}")


def refund_snapshot(refund: dict[str, Any]) -> RefundSnapshot | Unknown:
    try:
        if refund["status"] not in REFUND_STATUSES:
            return Unknown("unreadable refund: status")
        return RefundSnapshot(
            external_id=_id(refund["id"]),
            payment_external_id=_id(refund["payment_id"]),
            status=refund["status"],
            amount=_money(refund["amount"]),
            key=_key(refund, "refund"),
            reason=_reason(refund),
            at=_moment(refund.get("created_at")),
        )
    except UNREADABLE as error:
        return Unknown(f"unreadable refund: {type(error).__name__}")


def notice(raw: RawNotice) -> Notice:
    """{"type": "notification", "event", "object"}; nothing signs it. Every payment.* and refund.* is a hint to ask
    about its object. What else YooKassa tells (deals, payouts, payment_method.active) must be answered 200, or it is
    repeated for a day: that is a notice of the kind "ignored", named by its event, which no payment ever is. Raises
    BadNotification."""
    try:
        document = read_object(raw.body, limit=LARGEST_NOTIFICATION)
    except BadDocument as error:
        raise BadNotification(str(error)) from None
    event, thing = document.get("event"), document.get("object")
    if document.get("type") != "notification" or not isinstance(event, str) or not EVENT.fullmatch(event):
        raise BadNotification("not a notification of YooKassa")
    if not isinstance(thing, dict):
        raise BadNotification("without an object")
    if event.split(".")[0] not in ("payment", "refund"):
        return Notice(kind=IGNORED, external_id=event, body={"event": event})
    try:
        external_id = _id(thing.get("id"))
    except ValueError:
        raise BadNotification("names no object") from None
    told = _told(thing)
    return Notice(
        kind=event, external_id=external_id, body={"event": event, "object": told}, about=told.get("payment_id")
    )


def _told(thing: dict[str, Any]) -> dict[str, str]:
    """What is kept of a claim that nobody believes: the object also holds the buyer's card, and may hold an e-mail."""
    told = {name: thing.get(name) for name in ("id", "status", "payment_id", "created_at")}
    amount = thing.get("amount")
    if isinstance(amount, dict):
        told |= {"amount": amount.get("value"), "currency": amount.get("currency")}
    return {name: value[:64] for name, value in told.items() if isinstance(value, str)}


def _id(value: object) -> str:
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise ValueError("not an id")
    return value


def _key(thing: dict[str, Any], name: str) -> str | None:
    key = (thing.get("metadata") or {}).get(name)
    return key if isinstance(key, str) else None


def _money(amount: dict[str, Any]) -> Money:
    return Money.parse(amount["value"], amount["currency"])


def _maybe_money(amount: object) -> Money | None:
    try:
        return _money(amount) if isinstance(amount, dict) else None
    except UNREADABLE:
        return None


def _fee(amount: Money, income: Money | None) -> Money | None:
    """What YooKassa keeps, once it tells what arrives."""
    if income is None or income.currency != amount.currency or amount < income:
        return None
    return amount - income


def _reason(thing: dict[str, Any]) -> str | None:
    details = thing.get("cancellation_details")
    return str(details.get("reason") or "")[:200] if isinstance(details, dict) else None


def _method(method: object) -> Method | None:
    """Only one that YooKassa has saved. Of long numbers (a wallet's is an account) the last four digits are shown."""
    if not isinstance(method, dict) or method.get("saved") is not True or not isinstance(method.get("id"), str):
        return None
    card = method.get("card")
    if isinstance(card, dict) and isinstance(card.get("last4"), str):
        brand = card.get("card_type")
        title = f"{brand if isinstance(brand, str) and brand != 'Unknown' else ''} •• {card['last4']}"
    else:
        title = re.sub(r"[0-9]+(?=[0-9]{4})", "•• ", str(method.get("title") or method.get("type") or ""))
    return Method(method["id"], title.strip()[:64])


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
