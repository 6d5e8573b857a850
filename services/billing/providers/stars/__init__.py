"""Telegram Stars by the Bot API (source: Telegram Bot API 10.3, "Payments"). The bot is the shop.

What makes this provider unlike the others:
- Telegram names a payment only once it is paid, by its telegram_payment_charge_id; until then all there is is a link,
  or an invoice message in the chat, which the bot sends with the same request.
- News come as updates of the bot, never by HTTP to us. Telegram authenticates them, so they are proof; and since they
  carry no signature, nothing from the web may ever be read as one of them (hence no WEBHOOK).
- Stars know no test payments. A bot is either played with or sold with, so `test` repeats what is expected of it.
- A refund needs the buyer's Telegram id, gives back the whole payment, and is done when it is answered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.billing.providers.base import (
    Capability,
    Declined,
    Evidence,
    NextAction,
    Notice,
    NotSent,
    Operation,
    Order,
    Outcome,
    PaymentProvider,
    RawNotice,
    RefundOrder,
    RefundOutcome,
    RefundSnapshot,
    Unknown,
    Unsupported,
)
from services.billing.providers.stars import updates
from services.billing.providers.stars.api import BotApi, Done
from services.billing.providers.stars.updates import CURRENCY, RENEWED_AFTER, Shop, notice_of_update
from services.platform.errors import Invalid, Misconfigured, TryLater
from services.platform.money import Money

__all__ = ["Stars", "notice_of_update"]

PERIOD = 30 * 24 * 3600  # seconds: the only one there is
DEAREST_PERIOD = 10_000  # Stars
PAGE, MOST_PAGES = 100, 300
MOST_TRANSACTIONS = 2**31


class Stars(PaymentProvider):
    """SAME_KEY: a repeated `create` makes one more link for the same payload. Links are nothing: each payment of
    either is announced with that payload, and a second one is a second payment wherever it came from."""

    code = "stars"
    currency = CURRENCY
    minimum = Money(1, CURRENCY)
    capabilities = (
        Capability.MESSAGE
        | Capability.PAGE
        | Capability.SAME_KEY
        | Capability.LIST
        | Capability.RENEWS
        | Capability.REFUND
        | Capability.REFUND_SAME_KEY
    )

    def __init__(self, *, token: str, api_url: str, expects_test: bool) -> None:
        """`token` is the bot's, `api_url` is without /bot{token}."""
        self.merchant = token.partition(":")[0]
        self.expects_test = expects_test
        self._shop = Shop(self.merchant, expects_test)
        self._api = BotApi(api_url, token)

    def request(self, order: Order) -> dict[str, Any]:
        """The parameters that createInvoiceLink and sendInvoice share, and `subscription_period` where the order
        renews, which only createInvoiceLink takes. Raises Invalid for what is no whole number of Stars above 0."""
        if order.amount.currency != CURRENCY or order.amount.minor < 1:
            raise Invalid("Stars are paid in whole Stars")
        if order.renews and order.amount.minor > DEAREST_PERIOD:
            raise Invalid(f"a subscription costs {DEAREST_PERIOD} Stars at most")
        text = " ".join(order.description.split())
        if not text:
            raise Invalid("an invoice needs a description")
        title = _clipped(text, 32)
        return {
            "title": title,
            "description": _clipped(text, 255),
            "payload": str(order.key),
            "provider_token": "",
            "currency": CURRENCY,
            "prices": [{"label": title, "amount": order.amount.minor}],
            **({"subscription_period": PERIOD} if order.renews else {}),
        }

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:  # noqa: ARG002  # it is the payload
        answer = self._api.call("createInvoiceLink", request)
        if not isinstance(answer, Done):
            return answer
        link = answer.result
        if isinstance(link, str) and link.startswith(("https://", "http://")) and link.isprintable():
            return NextAction(None, link)
        return Unknown("the answer is no link")

    def operations(self, since: datetime, until: datetime) -> Sequence[Operation]:
        """Reads the span, and where a subscription was paid in it, also the time in which that renewal's payment before
        it would be. Whole seconds: `since` is rounded down."""
        start = int(since.timestamp())
        listed = self._between(start, until.timestamp())
        if paid := [_date(one) for one in listed if updates.is_of_subscription(one)]:
            latest = max(paid) - RENEWED_AFTER.start + 1
            listed = self._between(min(paid) - RENEWED_AFTER.stop, min(start, latest)) + listed
        try:
            return updates.operations(listed, since, self._shop)
        except ValueError as error:
            raise TryLater(f"Telegram lists what cannot be read: {error}") from None

    def refund_request(self, order: RefundOrder) -> dict[str, Any]:
        """`total_amount` is not sent: Telegram gives back the whole payment and answers only that it has."""
        if not order.full or order.telegram_id is None:
            raise Unsupported("Stars are refunded in full, to a Telegram account")
        return {
            "user_id": order.telegram_id,
            "telegram_payment_charge_id": order.payment_external_id,
            "total_amount": order.amount.minor,
        }

    def refund(self, request: dict[str, Any], key: uuid.UUID) -> RefundOutcome:  # noqa: ARG002  # the charge names it
        """A charge is refunded once: that it already is means that this request, or another for it, came through."""
        charge = request["telegram_payment_charge_id"]
        answer = self._api.call(
            "refundStarPayment", {"user_id": request["user_id"], "telegram_payment_charge_id": charge}
        )
        if isinstance(answer, Declined) and answer.code != "charge_already_refunded":
            return answer
        if isinstance(answer, NotSent | Unknown):
            return answer
        if isinstance(answer, Done) and answer.result is not True:
            return Unknown("the answer is not true")
        return RefundSnapshot(charge, charge, "succeeded", Money(request["total_amount"], CURRENCY))

    def stop_renewal(self, telegram_id: int, charge_id: str) -> Declined | NotSent | Unknown | None:
        """Ends the renewal of a subscription after the period that is paid for; its owner cannot undo this. `charge_id`
        is the subscription's first payment. None when it is done; doing it again does nothing."""
        arguments = {"user_id": telegram_id, "telegram_payment_charge_id": charge_id, "is_canceled": True}
        answer = self._api.call("editUserStarSubscription", arguments)
        if not isinstance(answer, Done):
            return answer
        return None if answer.result is True else Unknown("the answer is not true")

    def read_notification(self, raw: RawNotice) -> Notice:
        """Of what `notice_of_update` made; kinds: successful_payment, refunded_payment, subscription.STATE with
        Telegram's open list of states (canceled, active, failed). Everything it reads is signed."""
        return updates.read(raw)

    def evidence(self, kind: str, body: dict[str, Any]) -> Evidence | None:
        return updates.evidence(kind, body, self._shop)

    def check(self) -> str:
        me, balance = self._api.ask("getMe", {}), self._api.ask("getMyStarBalance", {})
        try:
            name, stars = str(me["username"]), int(balance["amount"])
            if str(me["id"]) != self.merchant:
                raise Misconfigured("the token is not this bot's")
        except (KeyError, TypeError, ValueError):
            raise TryLater("Telegram: unreadable answer") from None
        return f"bot @{name} has {stars} Stars"

    def close(self) -> None:
        self._api.close()

    def _between(self, start: int, end: float) -> list[dict[str, Any]]:
        """The transactions from `start` to before `end` (Unix time). The list has the oldest first and cannot be asked
        for a date: its place is found by halving."""
        offset, found = self._first_since(start), list[dict[str, Any]]()
        for _ in range(MOST_PAGES):
            page = self._transactions(offset, PAGE)
            found += [one for one in page if _date(one) < end]
            if len(page) < PAGE or _date(page[-1]) >= end:
                break
            offset += PAGE
        else:
            raise TryLater(f"Telegram lists more than {MOST_PAGES * PAGE} transactions")
        if found and _date(found[0]) > _date(found[-1]):
            raise TryLater("Telegram no longer lists the oldest first")
        return found

    def _first_since(self, date: int) -> int:
        """How many transactions are older than `date` (Unix time)."""

        def is_older(offset: int) -> bool:
            page = self._transactions(offset, 1)
            return bool(page) and _date(page[0]) < date

        low, high = 0, 1  # all before `low` are older; `high` is doubled until it is not
        while is_older(high - 1):
            low, high = high, high * 2
            if high > MOST_TRANSACTIONS:
                raise TryLater("Telegram's list has no end")
        while low < high - 1:
            middle = (low + high) // 2
            low, high = (middle, high) if is_older(middle - 1) else (low, middle)
        return low

    def _transactions(self, offset: int, limit: int) -> list[dict[str, Any]]:
        answer = self._api.ask("getStarTransactions", {"offset": offset, "limit": limit})
        page = answer.get("transactions") if isinstance(answer, dict) else None
        if not isinstance(page, list) or not all(isinstance(one, dict) for one in page):
            raise TryLater("Telegram: getStarTransactions: unreadable answer")
        return page


def _date(transaction: dict[str, Any]) -> int:
    date = transaction.get("date")
    if type(date) is not int:
        raise TryLater("Telegram: getStarTransactions: a transaction without a date")
    return date


def _clipped(text: str, most: int) -> str:
    """`text` in at most so many UTF-16 units, which is how Telegram counts characters."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * most:
        return text
    return units[: 2 * (most - 1)].decode("utf-16-le", "ignore").rstrip() + "…"
