"""The app's invoices at Crypto Pay: how they begin, are paid and run out. A stored one is the object the API shows.

Time is the sandbox's clock, and what runs out is noticed when somebody looks.
"""

import secrets
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.sandbox.cryptopay import assets, rules
from apps.sandbox.cryptopay.rules import Invalid
from apps.sandbox.shelf import Shelf

FIRST = 800001
_LETTERS = string.ascii_letters + string.digits

# (invoice, notify): notify is how this update is to be delivered, None for the usual way.
Announce = Callable[[dict[str, Any], str | None], None]


class NotFound(Exception):
    """This app has no such invoice."""


class Invoices:
    """`announce` is called for the one event Crypto Pay tells about: an invoice was paid."""

    def __init__(self, directory: Path, now: Callable[[], datetime], announce: Announce) -> None:
        self._kept, self._numbers = Shelf(directory / "invoices"), Shelf(directory / "numbers")
        self._now, self._announce = now, announce

    def invoice(self, invoice_id: int | str) -> dict[str, Any]:
        """As it is now. Raises NotFound."""
        if (invoice := self._kept.get(str(invoice_id))) is None:
            raise NotFound(invoice_id)
        if invoice["status"] == "active" and self._now() >= datetime.fromisoformat(invoice["expiration_date"]):
            self._keep(invoice | {"status": "expired"})
        return self._kept.get(str(invoice_id)) or invoice

    def by_hash(self, code: str) -> dict[str, Any]:
        """Raises NotFound."""
        for invoice in self._kept.documents():
            if invoice["hash"] == code:
                return self.invoice(invoice["invoice_id"])
        raise NotFound(code)

    def all(self) -> list[dict[str, Any]]:
        """The newest first."""
        return sorted((self.invoice(key) for key in self._kept), key=lambda one: int(one["invoice_id"]), reverse=True)

    def select(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """getInvoices by checked parameters."""
        ids, start = rules.numbers(given), int(given.get("offset", 0))
        found = [
            invoice
            for invoice in self.all()
            if (ids is None or invoice["invoice_id"] in ids)
            and given.get("status", invoice["status"]) == invoice["status"]
            and given.get("fiat", invoice["fiat"]) == invoice["fiat"]
        ]
        return found[start : start + int(given.get("count", 100))]

    def create(self, given: dict[str, Any], pay_page: str) -> dict[str, Any]:
        """Checked parameters -> a new invoice; `pay_page` is the address of the pay pages."""
        number, code = self._next(), "IV" + "".join(secrets.choice(_LETTERS) for _ in range(10))
        address = f"{pay_page}/{code}"
        invoice = {
            "invoice_id": number,
            "hash": code,
            "currency_type": "fiat",
            "fiat": given["fiat"],
            "amount": assets.written(Decimal(given["amount"])),
            "accepted_assets": rules.accepted(given),
            "pay_url": address,
            "bot_invoice_url": address,
            "mini_app_invoice_url": address,
            "web_app_invoice_url": address,
            "status": "active",
            "created_at": _text(self._now()),
            "allow_comments": given.get("allow_comments", True),
            "allow_anonymous": given.get("allow_anonymous", True),
            "expiration_date": _text(self._now() + timedelta(seconds=given["expires_in"])),
        }
        told = ("description", "hidden_message", "paid_btn_name", "paid_btn_url", "payload")
        return self._keep(invoice | {name: given[name] for name in told if name in given})

    def pay(self, invoice_id: int | str, asset: str, notify: str | None) -> dict[str, Any]:
        """Raises NotFound, Invalid."""
        invoice = self.invoice(invoice_id)
        if invoice["status"] != "active":
            raise Invalid("status", f"the invoice is already {invoice['status']}")
        if asset not in invoice["accepted_assets"]:
            raise Invalid("asset", f"must be one of {', '.join(invoice['accepted_assets'])}", "UNSUPPORTED_ASSET")
        amount = assets.coins(invoice["amount"], invoice["fiat"], asset)
        fee = (amount * assets.FEE).quantize(Decimal("0.00000001"))
        paid = {
            "status": "paid",
            "paid_asset": asset,
            "paid_amount": assets.written(amount),
            "paid_fiat_rate": assets.written(assets.rate(asset, invoice["fiat"])),
            "paid_usd_rate": assets.written(assets.rate(asset, "USD")),
            "fee_asset": asset,
            "fee_amount": assets.written(fee),
            "fee_in_usd": assets.written((fee * assets.rate(asset, "USD")).quantize(Decimal("0.0000001"))),
            "paid_at": _text(self._now()),
            "paid_anonymously": False,
        }
        self._announce(self._keep(invoice | paid), notify)
        return self.invoice(invoice_id)

    def delete(self, invoice_id: int | str) -> None:
        """Raises NotFound, also for one that was paid."""
        if self.invoice(invoice_id)["status"] == "paid":
            raise NotFound(invoice_id)
        self._kept.remove(str(invoice_id))

    def balance(self) -> list[dict[str, str]]:
        """The answer of getBalance: what paid invoices brought, less the fees."""
        have = dict.fromkeys(assets.RUBLES, Decimal(0))
        for invoice in self._kept.documents():
            if invoice["status"] == "paid":
                have[invoice["paid_asset"]] += Decimal(invoice["paid_amount"]) - Decimal(invoice["fee_amount"])
        return [{"currency_code": a, "available": assets.written(n), "onhold": "0"} for a, n in have.items()]

    def _next(self) -> int:
        number = int((self._numbers.get("last") or {"number": FIRST - 1})["number"]) + 1
        self._numbers.put("last", {"number": number})
        return number

    def _keep(self, invoice: dict[str, Any]) -> dict[str, Any]:
        self._kept.put(str(invoice["invoice_id"]), invoice)
        return invoice


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
