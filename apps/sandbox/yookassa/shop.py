"""The shop's payments and refunds at YooKassa: how they begin, change and end (YooKassa API v3).

A stored payment is {"payment": the object as the API shows it, "return_url", "save", "capture"}; a stored refund is
the object itself.
Time is the sandbox's clock, and what runs out is noticed when somebody looks.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from apps.sandbox.shelf import Shelf
from apps.sandbox.yookassa import cards
from apps.sandbox.yookassa.rules import Invalid, money
from apps.sandbox.yookassa.settings import Settings

CONFIRMATION_WINDOW = timedelta(hours=1)
HOLD_WINDOW = timedelta(days=7)
REFUND_WINDOW = timedelta(days=3 * 365)
FEE = Decimal("0.035")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

# (event, object, notify): notify is how this notice is to be delivered, None for the shop's usual way.
Announce = Callable[[str, dict[str, Any], str | None], None]


class NotFound(Exception):
    """There is no such object in this shop."""


class Shop:
    """Everything that may happen to money here. `announce` is called for each event YooKassa notifies about."""

    def __init__(
        self, directory: Path, now: Callable[[], datetime], shop_id: str, settings: Settings, announce: Announce
    ) -> None:
        self._payments, self._refunds = Shelf(directory / "payments"), Shelf(directory / "refunds")
        self._methods = Shelf(directory / "methods")
        self._now, self._shop_id, self._settings, self._announce = now, shop_id, settings, announce

    def payment(self, payment_id: str) -> dict[str, Any]:
        """The payment as it is now. Raises NotFound."""
        return self.record(payment_id)["payment"]  # type: ignore[no-any-return] # documents are plain JSON

    def record(self, payment_id: str) -> dict[str, Any]:
        """The stored payment, after what has run out by now. Raises NotFound."""
        if (record := self._payments.get(payment_id)) is None:
            raise NotFound(payment_id)
        payment = record["payment"]
        if payment["status"] == "pending" and self._now() >= _parse(payment["created_at"]) + CONFIRMATION_WINDOW:
            self._cancel(record, "expired_on_confirmation", None)
        elif payment["status"] == "waiting_for_capture" and self._now() >= _parse(payment["expires_at"]):
            self._cancel(record, "expired_on_capture", None)
        return record

    def payments(self) -> list[dict[str, Any]]:
        """All payments, the newest first."""
        return sorted((self.payment(key) for key in self._payments), key=_age, reverse=True)

    def refunds(self) -> list[dict[str, Any]]:
        """All refunds, the newest first."""
        return sorted(self._refunds.documents(), key=_age, reverse=True)

    def refund(self, refund_id: str) -> dict[str, Any]:
        """Raises NotFound."""
        if (refund := self._refunds.get(refund_id)) is None:
            raise NotFound(refund_id)
        return refund

    def create_payment(self, body: dict[str, Any], pay_page: str) -> dict[str, Any]:
        """A checked body -> a new payment; `pay_page` is the address of the pay pages. Raises Invalid."""
        number = self._saved_card(body["payment_method_id"]) if "payment_method_id" in body else None
        payment_id = self._new_id("000f")
        payment: dict[str, Any] = {
            "id": payment_id,
            "status": "pending",
            "amount": body["amount"],
            "recipient": {"account_id": self._shop_id, "gateway_id": f"2{self._shop_id}"},
            "created_at": self._time(),
            "test": True,
            "paid": False,
            "refundable": False,
            "metadata": body.get("metadata", {}),
        }
        payment |= {name: body[name] for name in ("description", "merchant_customer_id") if name in body}
        if "receipt" in body:
            payment["receipt_registration"] = "pending"
        record = {"payment": payment, "return_url": None}
        record |= {"save": body.get("save_payment_method", False), "capture": body["capture"]}
        if number is None:
            record["return_url"] = body["confirmation"]["return_url"]
            payment["confirmation"] = {
                "type": "redirect",
                "return_url": record["return_url"],
                "confirmation_url": f"{pay_page}/{payment_id}",
            }
        self._payments.put(payment_id, record)
        if number is not None:
            method_id = body["payment_method_id"]
            declines = self._settings.declines
            reason = declines.get(method_id) or declines.get(number[-4:]) or cards.BAD_CARDS.get(number)
            method = cards.payment_method(method_id, number, saved=True)
            self._finish(record, method, reason, by_buyer=False, notify=None)
        return payment

    def pay(self, payment_id: str, *, card: str, reason: str | None, notify: str | None) -> dict[str, Any]:
        """The buyer pays with `card`, or is declined for `reason`. Raises NotFound, Invalid."""
        record = self.record(payment_id)
        if record["payment"]["status"] != "pending":
            raise Invalid("status", f"The payment is already {record['payment']['status']}")
        saved = record["save"] and reason is None
        if saved:
            self._methods.put(payment_id, {"card": card})
        method = cards.payment_method(payment_id, card, saved=saved)
        self._finish(record, method, reason, by_buyer=True, notify=notify)
        return record["payment"]  # type: ignore[no-any-return] # documents are plain JSON

    def capture(self, payment_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """Take the money on hold, or less of it. Raises NotFound, Invalid."""
        record = self.record(payment_id)
        payment: dict[str, Any] = record["payment"]
        self._need(payment, "waiting_for_capture")
        if "amount" in body:
            if money(body["amount"], "amount") > money(payment["amount"], "amount"):
                raise Invalid("amount", "More than is on hold")
            payment["amount"] = body["amount"]
        self._succeed(payment)
        self._keep(record, None)
        return payment

    def cancel(self, payment_id: str) -> dict[str, Any]:
        """Give the money on hold back. Raises NotFound, Invalid."""
        record = self.record(payment_id)
        self._need(record["payment"], "waiting_for_capture")
        self._cancel(record, "canceled_by_merchant", None)
        return record["payment"]  # type: ignore[no-any-return] # documents are plain JSON

    def create_refund(self, body: dict[str, Any]) -> dict[str, Any]:
        """A checked body -> a new refund. Raises NotFound, Invalid."""
        payment = self.payment(body["payment_id"])
        self._need(payment, "succeeded")
        asked = [r for r in self._refunds.documents() if r["payment_id"] == payment["id"] and r["status"] != "canceled"]
        left = Decimal(payment["amount"]["value"]) - sum(Decimal(r["amount"]["value"]) for r in asked)
        if money(body["amount"], "amount") > left:
            raise Invalid("amount", f"Only {left} is left to be refunded")
        if self._now() > _parse(payment["created_at"]) + REFUND_WINDOW:
            raise Invalid("payment_id", "The payment is older than 3 years")
        refund = {"id": self._new_id("0015"), "payment_id": payment["id"], "status": "pending"}
        refund |= {"created_at": self._time(), "amount": body["amount"]}
        refund |= {name: body[name] for name in ("description", "metadata") if name in body}
        if "receipt" in body:
            refund["receipt_registration"] = "pending"
        self._refunds.put(refund["id"], refund)
        if (outcome := self._settings.refund) != "pending":
            self.finish_refund(refund["id"], None if outcome == "succeeded" else outcome)
        return refund

    def finish_refund(self, refund_id: str, reason: str | None) -> dict[str, Any]:
        """End a pending refund: it succeeds, or is canceled for `reason`, which nobody is told. Raises both errors."""
        refund = self.refund(refund_id)
        self._need(refund, "pending")
        if "receipt_registration" in refund:
            refund["receipt_registration"] = "canceled" if reason else "succeeded"
        if reason:
            refund |= {"status": "canceled", "cancellation_details": {"party": "refund_network", "reason": reason}}
        else:
            refund["status"] = "succeeded"
            record = self.record(refund["payment_id"])
            payment = record["payment"]
            total = Decimal(payment["refunded_amount"]["value"]) + Decimal(refund["amount"]["value"])
            payment["refunded_amount"] = _rub(total)
            payment["refundable"] = total < Decimal(payment["amount"]["value"])
            self._payments.put(payment["id"], record)
        self._refunds.put(refund_id, refund)
        if not reason:
            self._announce("refund.succeeded", refund, None)
        return refund

    def _saved_card(self, method_id: str) -> str:
        if (method := self._methods.get(method_id)) is None:
            raise Invalid("payment_method_id", "Payment method doesn't exist or is not saved")
        return str(method["card"])

    def _finish(
        self, record: dict[str, Any], method: dict[str, Any], reason: str | None, *, by_buyer: bool, notify: str | None
    ) -> None:
        payment = record["payment"]
        payment["payment_method"] = method
        if reason is not None:
            self._cancel(record, reason, notify)
            return
        payment["authorization_details"] = cards.authorization(by_buyer=by_buyer)
        if record["capture"]:
            self._succeed(payment)
        else:
            expires_at = _text(self._now() + HOLD_WINDOW)
            payment |= {"status": "waiting_for_capture", "paid": True, "expires_at": expires_at}
            payment.pop("confirmation", None)
        self._keep(record, notify)

    def _succeed(self, payment: dict[str, Any]) -> None:
        value = Decimal(payment["amount"]["value"])
        payment |= {"status": "succeeded", "paid": True, "refundable": True, "captured_at": self._time()}
        payment |= {"income_amount": _rub(value - value * FEE), "refunded_amount": _rub(Decimal(0))}
        if "receipt_registration" in payment:
            payment["receipt_registration"] = "succeeded"
        payment.pop("confirmation", None)
        payment.pop("expires_at", None)

    def _cancel(self, record: dict[str, Any], reason: str, notify: str | None) -> None:
        payment = record["payment"]
        payment |= {"status": "canceled", "paid": False, "cancellation_details": cards.cancellation(reason)}
        if "receipt_registration" in payment:
            payment["receipt_registration"] = "canceled"
        payment.pop("confirmation", None)
        payment.pop("expires_at", None)
        self._keep(record, notify)

    def _keep(self, record: dict[str, Any], notify: str | None) -> None:
        payment = record["payment"]
        self._payments.put(payment["id"], record)
        self._announce(f"payment.{payment['status']}", payment, notify)

    @staticmethod
    def _need(found: dict[str, Any], status: str) -> None:
        if found["status"] != status:
            raise Invalid("status", f"Must be {status}, but is {found['status']}")

    def _new_id(self, kind: str) -> str:
        """36 characters; the first group is the time, as in the ids of YooKassa."""
        seconds = int((self._now() - _EPOCH).total_seconds())
        return f"{seconds:08x}-{kind}-5000-8000-{secrets.token_hex(6)}"

    def _time(self) -> str:
        return _text(self._now())


def _age(found: dict[str, Any]) -> tuple[str, str]:
    return found["created_at"], found["id"]


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _rub(value: Decimal) -> dict[str, str]:
    return {"value": str(value.quantize(Decimal("0.01"), ROUND_HALF_UP)), "currency": "RUB"}
