"""The other side of a scripted provider: its books, its pages, and what people do there."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.billing.providers.base import Capability, Method, RawNotice, RefundSnapshot, Snapshot
from services.platform.clock import Clock
from services.platform.money import Money
from tests.machines.characters import Character

HOLD_LIFE = timedelta(days=6)
SEAL = "sealed by the provider"


@dataclass
class Paid:
    """A payment there. `amount` is what came, or is waited for."""

    id: str
    key: str
    amount: Money
    status: str
    made_at: datetime
    save: bool = False
    renews: bool = False
    renewal: bool = False
    paid_at: datetime | None = None
    reason: str | None = None
    fee: Money | None = None
    fee_told: bool = False


@dataclass
class Returned:
    """A refund there. `key` is None for one that was made in the cabinet."""

    id: str
    payment_id: str
    amount: Money
    status: str
    made_at: datetime
    key: str | None = None
    reason: str | None = None


@dataclass
class Shop:
    """What its owner has set: how refunds end, and what becomes of charges of remembered cards."""

    refunds: str = "succeeded"  # or pending, canceled, declined
    card: str = "works"  # else the reason of the decline


@dataclass
class Pages:
    """Requests by the address that shows them."""

    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)


class ScriptedShop:
    """`payments` and `refunds` are its books, `notices` the notifications that it has to deliver. Buyers pay its pages,
    its owner gives money back in the cabinet, time closes what is open."""

    merchant = "the shop"
    expects_test = True

    def __init__(self, code: str, character: Character, clock: Clock) -> None:
        self.code, self.character, self.clock = code, character, clock
        self.capabilities = character.capabilities
        self.payments: dict[str, Paid] = {}
        self.refunds: dict[str, Returned] = {}
        self.notices: list[RawNotice] = []
        self.shop = Shop()
        self.made: Counter[str] = Counter()  # payments and refunds that calls of ours have made, by key
        self._pages = Pages()
        self._numbers = itertools.count(1)

    def __repr__(self) -> str:
        return self.code

    def pay(self, url: str, amount: Money | None = None) -> bool:
        """A buyer pays what the page of this address asks, or another amount. False where it is closed."""
        request = self._pages.requests[url]
        now = self.clock.now()
        if self.character.by_charge:
            self._paid(self._new(f"{self.code}-charge-{next(self._numbers)}", request), amount)
        elif self.character.by_number:
            if request["number"] in self.payments:
                return False
            self._paid(self._new(request["number"], request), amount)
        else:
            payment = self.payments[self._pages.payments[url]]
            if payment.status != "awaiting_user":
                return False
            if Capability.HOLD in self.capabilities:
                payment.status, payment.paid_at = "authorized", now
                self._tell("payment.waiting", payment)
            else:
                self._paid(payment, amount)
        return True

    def decline(self, url: str, reason: str) -> None:
        """The bank says no on the page; some providers close it then."""
        payment = self.payments.get(self._pages.payments.get(url, ""))
        if payment is not None and payment.status == "awaiting_user":
            self._give_up(payment, reason)

    def renew(self, first: Paid) -> None:
        """The provider charges a further period by itself."""
        payment = Paid(
            f"{self.code}-charge-{next(self._numbers)}",
            first.key,
            first.amount,
            "awaiting_user",
            self.clock.now(),
            renews=True,
            renewal=True,
        )
        self.payments[payment.id] = payment
        self._paid(payment)

    def end_refund(self, refund: Returned, *, done: bool) -> None:
        """A refund that was pending ends; nobody is notified of one that could not be made."""
        if refund.status != "pending":
            return
        refund.status, refund.reason = ("succeeded", None) if done else ("canceled", "insufficient_funds")
        if done:
            self._tell_refund(refund)

    def refund_in_cabinet(self, payment: Paid, amount: Money) -> bool:
        """The owner, or a chargeback. False where so much is not there."""
        if amount.minor > self.left(payment).minor:
            return False
        refund = self._returned(payment, amount, None)
        refund.status = "succeeded"
        self._tell_refund(refund)
        return True

    def left(self, payment: Paid) -> Money:
        """What has not gone back and is not on its way back."""
        back = sum(
            refund.amount.minor
            for refund in self.refunds.values()
            if refund.payment_id == payment.id and refund.status != "canceled"
        )
        return payment.amount - Money(back, payment.amount.currency)

    def pass_time(self) -> None:
        """Closes pages and holds whose time is over, and tells fees that were not told."""
        now, page_life = self.clock.now(), self.character.page_life
        for payment in self.payments.values():
            if payment.status == "awaiting_user" and page_life and now - payment.made_at >= page_life:
                self._give_up(payment, "expired_on_confirmation")
            elif payment.status == "authorized" and payment.paid_at and now - payment.paid_at >= HOLD_LIFE:
                self._give_up(payment, "expired_on_capture")
            elif payment.paid_at and now - payment.paid_at >= timedelta(days=1):
                payment.fee_told = payment.fee is not None

    def forge(self, external_id: str, kind: str, about: str | None) -> RawNotice:
        """What a stranger could send."""
        told = {"external_id": external_id, "status": "succeeded", "key": external_id}
        return RawNotice(json.dumps({"kind": kind, "id": external_id, "about": about, "told": told}).encode())

    # Inside.

    def _show(self, request: dict[str, Any]) -> str:
        url = f"https://{self.code}.example/{request['key']}"
        self._pages.requests.setdefault(url, request)
        return url

    def _new(self, id_: str, request: dict[str, Any]) -> Paid:
        amount = Money(request["minor"], request["currency"])
        flags = {"save": request["save"], "renews": request["renews"]}
        self.payments[id_] = Paid(id_, request["key"], amount, "awaiting_user", self.clock.now(), **flags)
        return self.payments[id_]

    def _paid(self, payment: Paid, amount: Money | None = None) -> None:
        payment.status, payment.paid_at = "succeeded", payment.paid_at or self.clock.now()
        payment.amount = amount or payment.amount
        payment.fee = Money(payment.amount.minor * 3 // 100, payment.amount.currency)
        payment.fee_told = not self.character.late_fees
        self._tell("payment.succeeded", payment)

    def _give_up(self, payment: Paid, reason: str) -> None:
        payment.status, payment.reason = "canceled", reason
        self._tell("payment.canceled", payment)

    def _returned(self, payment: Paid, amount: Money, key: str | None) -> Returned:
        id_ = payment.id if self.character.by_charge else f"{self.code}-refund-{next(self._numbers)}"
        self.refunds[id_] = Returned(id_, payment.id, amount, "pending", self.clock.now(), key)
        return self.refunds[id_]

    def _seen(self, payment: Paid) -> Snapshot:
        return Snapshot(
            external_id=payment.id,
            status=payment.status,
            amount=payment.amount,
            key=payment.key,
            merchant=self.merchant,
            test=self.expects_test,
            reason=payment.reason,
            fee=payment.fee if payment.fee_told else None,
            method=self._card(payment),
            renewal=payment.renewal,
            url=next((url for url, id_ in self._pages.payments.items() if id_ == payment.id), None),
            at=payment.paid_at or payment.made_at,
        )

    def _card(self, payment: Paid) -> Method | None:
        token = payment.id if self.character.by_number else f"card-{payment.key}"
        return Method(token, "Visa •• 4444") if payment.save and payment.status == "succeeded" else None

    def _seen_refund(self, refund: Returned, *, asked: bool = False) -> RefundSnapshot:
        return RefundSnapshot(
            external_id=refund.id,
            payment_external_id="" if asked and self.character.unnamed else refund.payment_id,
            status=refund.status,
            amount=refund.amount,
            key=refund.key if self.character.refund_keys else None,
            reason=refund.reason,
            at=refund.made_at,
        )

    def _tell(self, kind: str, payment: Paid) -> None:
        if self.character.signed and payment.status != "succeeded":
            return  # those that sign tell of money only
        seen = self._seen(payment)
        told = {"external_id": seen.external_id, "status": seen.status, "key": seen.key, "renewal": seen.renewal}
        card = [seen.method.token, seen.method.title] if seen.method else None
        self._send(kind, payment.id, told, payment.amount, seen.fee, card=card)

    def _tell_refund(self, refund: Returned) -> None:
        if not self.character.refund_notices:
            return
        seen = self._seen_refund(refund)
        told = {"external_id": seen.external_id, "payment_external_id": refund.payment_id, "status": seen.status}
        told["key"] = seen.key
        self._send("refund.succeeded", refund.id, told, refund.amount, None, about=refund.payment_id)

    def _send(
        self,
        kind: str,
        id_: str,
        told: dict[str, Any],
        amount: Money,
        fee: Money | None,
        *,
        about: str | None = None,
        card: list[str] | None = None,
    ) -> None:
        body = {
            "kind": kind,
            "id": id_,
            "about": about,
            "told": told,
            "amount": [amount.minor, amount.currency],
            "fee": [fee.minor, fee.currency] if fee else None,
            "card": card,
            "at": self.clock.now().isoformat(),
            "seal": SEAL,
        }
        self.notices.append(RawNotice(json.dumps(body).encode()))
