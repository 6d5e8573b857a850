"""A payment provider in memory: a complete implementation of the port, whose failures are scripted.

What it promises is its `Character`; the other side of it, where people pay, is the ScriptedShop it inherits from."""

from __future__ import annotations

import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from services.billing.providers.base import (
    BadNotification,
    Capability,
    Declined,
    Evidence,
    Method,
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
    Renewal,
    Snapshot,
    Unknown,
)
from services.platform.clock import Clock
from services.platform.documents import BadDocument, read_object
from services.platform.errors import TryLater
from services.platform.money import Money
from tests.machines.characters import Character
from tests.machines.scripted_shop import SEAL, Paid, ScriptedShop

T = TypeVar("T")
FAULTS = ("refused", "lost", "lost_after", "died", "died_after")
KEY_LIFE = timedelta(hours=24)


class Died(BaseException):
    """The process that called was killed in the middle of the call."""


class ScriptedProvider(ScriptedShop, PaymentProvider):
    """`faults` are what the next calls of a name meet: refused at the door, lost on the way or on the way back, or the
    caller is killed before or after the effect."""

    def __init__(self, code: str, character: Character, clock: Clock) -> None:
        super().__init__(code, character, clock)
        self.currency, self.minimum = character.currency, Money(1, character.currency)
        self.faults: dict[str, deque[str]] = defaultdict(deque)

    def request(self, order: Order) -> dict[str, Any]:
        return {
            "key": str(order.key),
            "number": str(order.number),
            "minor": order.amount.minor,
            "currency": order.amount.currency,
            "save": order.save,
            "renews": order.renews,
            "card": order.method,
        }

    def known_id(self, request: dict[str, Any]) -> str | None:
        return str(request["number"]) if self.character.by_number and request["card"] else None

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        assert request["key"] == str(key)
        if request["card"]:
            return self._call("create", lambda: self._charge(request))
        if self.character.by_number:
            return NextAction(request["number"], self._show(request))
        return self._call("create", lambda: self._open(request))

    def fetch(self, external_id: str) -> Outcome:
        return self._call("fetch", lambda: self._fetched(external_id))

    def operations(self, since: datetime, until: datetime) -> Sequence[Operation]:
        listed = self._call("operations", lambda: self._listed(since, until))
        if isinstance(listed, NotSent | Unknown):
            raise TryLater(f"{self.code} lists nothing")
        return listed

    def capture(self, external_id: str, amount: Money, key: uuid.UUID) -> Outcome:  # capturing twice is harmless
        return self._call("capture", lambda: self._captured(external_id, amount))

    def cancel(self, external_id: str, key: uuid.UUID) -> Outcome:  # as above
        return self._call("cancel", lambda: self._let_go(external_id))

    def refund_request(self, order: RefundOrder) -> dict[str, Any]:
        amount = {"minor": order.amount.minor, "currency": order.amount.currency}
        return {"payment": order.payment_external_id, **amount}

    def refund(self, request: dict[str, Any], key: uuid.UUID) -> RefundOutcome:
        return self._call("refund", lambda: self._refunded(request, str(key)))

    def fetch_refund(self, external_id: str) -> RefundOutcome:
        return self._call("fetch_refund", lambda: self._refund_fetched(external_id))

    def read_notification(self, raw: RawNotice) -> Notice:
        try:
            body = read_object(raw.body, limit=4096)
            kind, external_id, about = body["kind"], body["id"], body["about"]
        except (BadDocument, KeyError) as error:
            raise BadNotification(str(error)) from None
        sealed = body.get("seal") == SEAL
        if self.character.signed and not sealed:
            raise BadNotification("not signed")
        return Notice(kind, external_id, body, signed=self.character.signed, answer="OK", about=about)

    def evidence(self, kind: str, body: dict[str, Any]) -> Evidence | None:
        if not self.character.signed or self.character.asked:
            return None
        told, amount = body["told"], Money(*body["amount"]) if body["amount"] else None
        if kind == "renewal":
            return Renewal(**told)
        assert amount is not None
        at = datetime.fromisoformat(body["at"])
        if kind.startswith("refund"):
            return RefundSnapshot(amount=amount, at=at, **told)
        fee, card = Money(*body["fee"]) if body["fee"] else None, Method(*body["card"]) if body["card"] else None
        shop = {"merchant": self.merchant, "test": self.expects_test}
        return Snapshot(amount=amount, at=at, fee=fee, method=card, **shop, **told)

    def check(self) -> str:
        return f"{self.code} is in memory"

    def close(self) -> None:
        """Nothing is open."""

    def _call(self, name: str, effect: Callable[[], T]) -> T | NotSent | Unknown:
        fault = self.faults[name].popleft() if self.faults[name] else None
        match fault:
            case "refused":
                return NotSent("connection refused")
            case "lost":
                return Unknown("the request was lost")
            case "died":
                raise Died
        answer = effect()
        match fault:
            case "lost_after":
                return Unknown("the answer was lost")
            case "died_after":
                raise Died
        return answer

    def _open(self, request: dict[str, Any]) -> Outcome:
        url = self._show(request)
        if self.character.by_charge:
            return NextAction(None, url)
        payment = self._by_key(request["key"])
        if payment is None:
            payment = self._new(f"{self.code}-{next(self._numbers)}", request)
            self.made[payment.key] += 1
            if url in self._pages.payments:  # the key was forgotten: another payment has another page
                url = f"{url}/{payment.id}"
                self._pages.requests[url] = request
            self._pages.payments[url] = payment.id
        if payment.status == "awaiting_user":
            return NextAction(payment.id, next(at for at, id_ in self._pages.payments.items() if id_ == payment.id))
        return self._seen(payment)

    def _charge(self, request: dict[str, Any]) -> Outcome:
        payment = self._by_key(request["key"])
        if payment is None:
            id_ = request["number"] if self.character.by_number else f"{self.code}-{next(self._numbers)}"
            if self.shop.card != "works" and self.character.by_number:
                return Declined(self.shop.card, retryable=False)
            payment = self._new(id_, request)
            self.made[payment.key] += 1
            if self.shop.card == "works":
                self._paid(payment)
            else:
                self._give_up(payment, self.shop.card)
        return self._seen(payment)

    def _fetched(self, external_id: str) -> Outcome:
        payment = self.payments.get(external_id)
        return self._seen(payment) if payment else Declined("not_found", retryable=True)

    def _listed(self, since: datetime, until: datetime) -> list[Operation]:
        found: list[Operation] = []
        for payment in self.payments.values():
            at = payment.paid_at if self.character.lists_when_paid else payment.made_at
            if at is not None and since <= at < until:
                found.append(self._seen(payment))
        found += [self._seen_refund(refund) for refund in self.refunds.values() if since <= refund.made_at < until]
        return found

    def _captured(self, external_id: str, amount: Money) -> Outcome:
        payment = self.payments[external_id]
        if payment.status == "authorized":
            self._paid(payment, amount)
        return self._seen(payment) if payment.status == "succeeded" else Declined("not_held", retryable=False)

    def _let_go(self, external_id: str) -> Outcome:
        payment = self.payments[external_id]
        if payment.status == "authorized":
            self._give_up(payment, "canceled_by_merchant")
        return self._seen(payment) if payment.status == "canceled" else Declined("not_held", retryable=False)

    def _refunded(self, request: dict[str, Any], key: str) -> RefundOutcome:
        payment, amount = self.payments[request["payment"]], Money(request["minor"], request["currency"])
        for refund in self.refunds.values():
            same_key = refund.key == key and self.clock.now() - refund.made_at < KEY_LIFE
            same_charge = self.character.by_charge and refund.payment_id == payment.id
            if (same_key or same_charge) and Capability.REFUND_SAME_KEY in self.capabilities:
                return self._seen_refund(refund)
        if self.shop.refunds == "declined" or payment.status != "succeeded" or amount.minor > self.left(payment).minor:
            return Declined("refused", retryable=False)
        refund = self._returned(payment, amount, key)
        self.made[key] += 1
        if self.shop.refunds == "pending" and not self.character.by_charge:
            return self._seen_refund(refund)
        refund.status = "canceled" if self.shop.refunds == "canceled" else "succeeded"
        if refund.status == "succeeded":
            self._tell_refund(refund)
        return self._seen_refund(refund)

    def _refund_fetched(self, external_id: str) -> RefundOutcome:
        refund = self.refunds.get(external_id)
        return self._seen_refund(refund, asked=True) if refund else Declined("not_found", retryable=False)

    def _by_key(self, key: str) -> Paid | None:
        if Capability.SAME_KEY not in self.capabilities:
            return None
        young = (one for one in self.payments.values() if self.clock.now() - one.made_at < KEY_LIFE)
        return next((one for one in young if one.key == key), None)
