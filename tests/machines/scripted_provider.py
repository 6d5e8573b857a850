"""A payment provider in memory, complete: what it promises is a `Character`, when it fails is scripted.

The first half of its methods is the port, as Kiosk calls it; the second is what people do there: buyers pay its pages,
the shop's owner gives money back in its cabinet, time closes pages. `notices` are the notifications it has to deliver.
Books of the other side, for tests to compare with: `payments`, `refunds`."""

from __future__ import annotations

import itertools
import json
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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

T = TypeVar("T")
FAULTS = ("refused", "lost", "lost_after", "died", "died_after")
KEY_LIFE = timedelta(hours=24)
HOLD_LIFE = timedelta(days=6)
SEAL = "sealed by the provider"


class Died(BaseException):
    """The process that called was killed in the middle of the call."""


@dataclass(frozen=True)
class Character:
    """What a provider is like, beside its capabilities. `signed`: its notices prove what they say; `asked`: they are
    signed and yet asked about. `by_number`: we choose the payment's id; `by_charge`: a page can be paid any number of
    times, each time a payment with an id of its own, and a refund has its payment's id; both name nothing before money
    moves. `late_fees` are told a day later. `refund_keys`: it gives back the key of a refund; `refund_notices`: it
    notifies of refunds; `unnamed`: asked about a refund it does not say of which payment. `page_life`: None lives for
    ever."""

    capabilities: Capability
    currency: str = "RUB"
    signed: bool = False
    asked: bool = False
    by_number: bool = False
    by_charge: bool = False
    late_fees: bool = False
    refund_keys: bool = False
    refund_notices: bool = False
    unnamed: bool = False
    lists_when_paid: bool = False
    page_life: timedelta | None = timedelta(hours=1)


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


class ScriptedProvider(PaymentProvider):
    merchant = "the shop"
    expects_test = True

    def __init__(self, code: str, character: Character, clock: Clock) -> None:
        self.code, self.character, self.clock = code, character, clock
        self.currency, self.capabilities = character.currency, character.capabilities
        self.payments: dict[str, Paid] = {}
        self.refunds: dict[str, Returned] = {}
        self.notices: list[RawNotice] = []
        self.faults: dict[str, deque[str]] = defaultdict(deque)  # by name of call
        self.shop = Shop()
        self.made: Counter[str] = Counter()  # payments and refunds that calls of ours have made, by key
        self._pages = Pages()
        self._numbers = itertools.count(1)

    def __repr__(self) -> str:
        return self.code

    # The port.

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

    # What people do there.

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

    def _show(self, request: dict[str, Any]) -> str:
        url = f"https://{self.code}.example/{request['key']}"
        self._pages.requests.setdefault(url, request)
        return url

    def _by_key(self, key: str) -> Paid | None:
        if Capability.SAME_KEY not in self.capabilities:
            return None
        young = (one for one in self.payments.values() if self.clock.now() - one.made_at < KEY_LIFE)
        return next((one for one in young if one.key == key), None)

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


PAGE = Capability.PAGE | Capability.WEBHOOK
REFUNDS = Capability.REFUND | Capability.PARTIAL_REFUND
EVERYTHING = (
    PAGE
    | Capability.SAME_KEY
    | Capability.FETCH
    | Capability.LIST
    | Capability.SAVED_METHOD
    | REFUNDS
    | Capability.REFUND_SAME_KEY
)
# Providers as they are in the world, and a few that are only possible.
CHARACTERS = {
    "complete": Character(EVERYTHING, refund_keys=True, refund_notices=True),
    "two_stage": Character(EVERYTHING | Capability.HOLD, refund_keys=True, page_life=timedelta(hours=30)),
    "numbered": Character(
        PAGE | Capability.LINK | Capability.FETCH | Capability.SAVED_METHOD | REFUNDS,
        signed=True,
        by_number=True,
        unnamed=True,
        page_life=None,
    ),
    "charges": Character(
        Capability.PAGE
        | Capability.MESSAGE
        | Capability.SAME_KEY
        | Capability.LIST
        | Capability.RENEWS
        | Capability.REFUND
        | Capability.REFUND_SAME_KEY,
        currency="XTR",
        signed=True,
        by_charge=True,
        refund_notices=True,
        lists_when_paid=True,
        page_life=None,
    ),
    "coins": Character(PAGE | Capability.FETCH | Capability.LIST, signed=True, asked=True),
    "keyless": Character(PAGE | Capability.FETCH | Capability.LIST | Capability.SAVED_METHOD | REFUNDS, late_fees=True),
    "keyless, refunds named": Character(
        PAGE | Capability.FETCH | Capability.LIST | REFUNDS, refund_keys=True, refund_notices=True
    ),
    "no list": Character(
        PAGE | Capability.SAME_KEY | Capability.FETCH | Capability.SAVED_METHOD | REFUNDS,
        page_life=timedelta(hours=30),
    ),
}
