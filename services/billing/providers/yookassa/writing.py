"""Our orders as the bodies of YooKassa's requests (source: its OpenAPI file of 2026-04)."""

from __future__ import annotations

from typing import Any

from yookassa.domain.common import RequestObject
from yookassa.domain.request import CapturePaymentRequest, PaymentRequest, RefundRequest

from services.billing.providers.base import FiscalLine, FiscalReceipt, Order, RefundOrder
from services.platform.errors import Invalid
from services.platform.money import Money

LONGEST_DESCRIPTION = 128
LONGEST_REFUND_DESCRIPTION = 250
LONGEST_NAME = 128
MOST_LINES = 100  # 80 with YooKassa's own receipts


def payment(order: Order, *, two_stage: bool) -> dict[str, Any]:
    """POST /payments. A remembered card is charged at once; else the buyer is awaited on a page. Raises Invalid."""
    body: dict[str, Any] = {
        "amount": _amount(order.amount),
        # Always said: by default YooKassa holds the money, and gives it back after a week.
        "capture": order.method is not None or not two_stage,
        "metadata": {"attempt": str(order.key)},
    }
    if order.method is not None:
        body["payment_method_id"] = order.method
    else:
        body["confirmation"] = {"type": "redirect", "return_url": order.return_url}
        if order.save:
            body |= {"save_payment_method": True, "merchant_customer_id": order.party}
    if order.description:
        body["description"] = order.description[:LONGEST_DESCRIPTION]
    if order.receipt is not None:
        body["receipt"] = _receipt(order.receipt, order.amount)
    return _checked(PaymentRequest, body)


def capture(amount: Money) -> dict[str, Any]:
    """POST /payments/{id}/capture; what is less than held goes back to the buyer."""
    return _checked(CapturePaymentRequest, {"amount": _amount(amount)})


def refund(order: RefundOrder) -> dict[str, Any]:
    """POST /refunds. Raises Invalid."""
    body: dict[str, Any] = {
        "payment_id": order.payment_external_id,
        "amount": _amount(order.amount),
        "metadata": {"refund": str(order.key)},
    }
    if order.description:
        body["description"] = order.description[:LONGEST_REFUND_DESCRIPTION]
    if order.receipt is not None:
        body["receipt"] = _receipt(order.receipt, order.amount)
    return _checked(RefundRequest, body)


def _amount(amount: Money) -> dict[str, str]:
    return {"value": str(amount), "currency": amount.currency}


def _receipt(receipt: FiscalReceipt, amount: Money) -> dict[str, Any]:
    if not 1 <= len(receipt.lines) <= MOST_LINES:
        raise Invalid(f"a receipt has 1 to {MOST_LINES} lines")
    total = sum((line.total for line in receipt.lines), Money(0, amount.currency))
    if total != amount:
        raise Invalid(f"the lines of the receipt make {total}, the amount is {amount}")
    written: dict[str, Any] = {
        "customer": {"email": receipt.email},
        "items": [_line(line) for line in receipt.lines],
    }
    if receipt.tax_system is not None:
        if not 1 <= receipt.tax_system <= 6:
            raise Invalid("a tax system is 1 to 6")
        written["tax_system_code"] = receipt.tax_system
    return written


def _line(line: FiscalLine) -> dict[str, Any]:
    """The price is for the whole quantity, so the quantity is one piece."""
    if not line.name or line.total.minor <= 0 or not 1 <= line.vat_code <= 12:
        raise Invalid("a line of a receipt needs a name, a price above 0 and a VAT code of 1 to 12")
    return {
        "description": line.name[:LONGEST_NAME],
        "quantity": 1,
        "measure": "piece",
        "amount": _amount(line.total),
        "vat_code": line.vat_code,
        "payment_subject": line.subject,
        "payment_mode": line.mode,
    }


def _checked(model: type[RequestObject], body: dict[str, Any]) -> dict[str, Any]:
    """What the SDK would not send is not stored either."""
    try:
        model(body).validate()
    except (TypeError, ValueError) as error:
        raise Invalid(f"not a request of YooKassa: {error}") from None
    return body
