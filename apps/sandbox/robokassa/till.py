"""Payments and refunds of the shop at Robokassa: how they begin, change and end.

A stored payment is {"number", "state" (as OpStateExt numbers them), "fields" of its link, "op_key", "card",
"created_at", "changed_at", "parent"}; a stored refund {"id", "number", "amount", "label", "created_at"}.
Time is the sandbox's clock.
"""

import secrets
import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from apps.sandbox.robokassa import rules
from apps.sandbox.robokassa.settings import Settings
from apps.sandbox.robokassa.shop import Cabinet, Refused
from apps.sandbox.shelf import Shelf

FEE = Decimal("0.035")
KOPECK = Decimal("0.01")
CARD = "555555******4477"
STATES = {5: "waiting", 10: "canceled", 100: "succeeded"}

# (fields of the notice, notify): notify is how it is to be delivered, None for the usual way.
Announce = Callable[[dict[str, str], str | None], None]


class NotFound(Exception):
    """There is no such payment or refund in this shop."""


class Till:
    """Everything that may happen to money here. `announce` is called for each payment that succeeds."""

    def __init__(
        self, directory: Path, now: Callable[[], datetime], cabinet: Cabinet, settings: Settings, announce: Announce
    ) -> None:
        self._payments, self._refunds = Shelf(directory / "payments"), Shelf(directory / "refunds")
        self._now, self._cabinet, self._settings, self._announce = now, cabinet, settings, announce

    def payment(self, number: str) -> dict[str, Any]:
        """Raises NotFound."""
        if (payment := self._payments.get(number)) is None:
            raise NotFound(number)
        return payment

    def payments(self) -> list[dict[str, Any]]:
        """All payments, the newest first."""
        return sorted(self._payments.documents(), key=lambda one: (one["created_at"], int(one["number"])), reverse=True)

    def refund(self, refund_id: str) -> dict[str, Any]:
        """Raises NotFound."""
        if (refund := self._refunds.get(refund_id)) is None:
            raise NotFound(refund_id)
        return refund

    def refunds(self) -> list[dict[str, Any]]:
        """All refunds, the newest first."""
        return sorted(self._refunds.documents(), key=lambda one: one["created_at"], reverse=True)

    def open(self, fields: dict[str, str]) -> str:
        """A buyer opens a link. Returns the payment's number. Raises Refused."""
        rules.check_link(fields, self._cabinet)
        number = fields["InvId"]
        if (known := self._payments.get(number)) is None:
            self._keep(self._new(number, fields, None))
        elif known["state"] == 100:
            raise Refused("InvId", "Is paid already")
        elif known["fields"] != fields:
            raise Refused("InvId", "Was used for another payment")
        return number

    def pay(self, number: str, *, declined: bool, notify: str | None) -> dict[str, Any]:
        """The buyer pays, or is declined and may try again. Raises NotFound, Refused."""
        payment = self.payment(number)
        if payment["state"] == 100:
            raise Refused("InvId", "Is paid already")
        payment |= {"state": 10 if declined else 100, "card": CARD, "changed_at": self._now().isoformat()}
        self._keep(payment)
        if not declined:
            self._announce(self.notice(payment), notify)
        return payment

    def repeat(self, fields: dict[str, str]) -> str:
        """A charge without the buyer, by the card of an earlier payment. Returns its number. Raises Refused."""
        rules.check_repeat(fields, self._cabinet)
        number, parent = fields["InvoiceID"], self._payments.get(fields["PreviousInvoiceID"])
        if parent is None or parent["state"] != 100 or "Recurring" not in parent["fields"]:
            raise Refused("PreviousInvoiceID", "Is no payment that may be repeated")
        if number in self._payments:
            raise Refused("InvoiceID", "Is used already")
        self._keep(self._new(number, fields, parent["number"]))
        if (outcome := self._settings.repeat) != "pending":
            self.pay(number, declined=outcome == "decline", notify=None)
        return number

    def notice(self, payment: dict[str, Any]) -> dict[str, str]:
        """What ResultURL is told, with the old names of the three main fields beside the new ones."""
        fields, number = payment["fields"], payment["number"]
        out_sum = f"{Decimal(fields['OutSum']):.6f}"
        own = {name: value for name, value in fields.items() if name[:4].upper() == "SHP_"}
        signature = self._cabinet.sign_notice(out_sum, number, own)
        told = {"out_summ": out_sum, "OutSum": out_sum, "inv_id": number, "InvId": number, "crc": signature}
        told |= {"SignatureValue": signature, "PaymentMethod": "BankCard", "IncSum": out_sum}
        told |= {"IncCurrLabel": "BankCardPSR", "Fee": f"{fee(fields['OutSum']):.6f}", "EMail": "anna@example.com"}
        return told | ({"IsTest": "1"} if self._cabinet.is_test else {}) | own

    def give_back(self, payload: dict[str, Any]) -> dict[str, Any]:
        """A request to refund. Raises Refused, with Robokassa's own words where it has them."""
        amount = rules.check_refund(payload)
        found = [one for one in self._payments.documents() if one["op_key"] == payload.get("OpKey")]
        if not found or found[0]["state"] != 100 or self._cabinet.is_test:
            raise Refused("OpKey", "OperationNotFound")
        number = found[0]["number"]
        asked = [one for one in self._refunds.documents() if one["number"] == number and one["label"] != "canceled"]
        left = Decimal(found[0]["fields"]["OutSum"]) - sum(Decimal(one["amount"]) for one in asked)
        amount = left if amount is None else amount
        if not 0 < amount <= left:
            raise Refused("RefundSum", "NotEnoughOperationFunds")
        refund = {"id": str(uuid.uuid4()), "number": number, "amount": f"{amount:.2f}", "label": self._settings.refund}
        refund["created_at"] = self._now().isoformat()
        self._refunds.put(refund["id"], refund)
        return refund

    def finish_refund(self, refund_id: str, label: str) -> dict[str, Any]:
        """Ends a refund that is processing. Raises NotFound, Refused."""
        refund = self.refund(refund_id)
        if refund["label"] != "processing":
            raise Refused("label", f"Is {refund['label']} already")
        refund["label"] = label
        self._refunds.put(refund_id, refund)
        return refund

    def _new(self, number: str, fields: dict[str, str], parent: str | None) -> dict[str, Any]:
        at = self._now().isoformat()
        payment: dict[str, Any] = {"number": number, "state": 5, "fields": fields, "card": "", "parent": parent}
        return payment | {"op_key": f"{uuid.uuid4()}-{secrets.token_hex(5)}", "created_at": at, "changed_at": at}

    def _keep(self, payment: dict[str, Any]) -> None:
        self._payments.put(payment["number"], payment)


def fee(out_sum: str) -> Decimal:
    return (Decimal(out_sum) * FEE).quantize(KOPECK, ROUND_HALF_UP)
