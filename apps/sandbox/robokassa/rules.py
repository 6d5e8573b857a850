"""What Robokassa accepts, as checks of a link, a repeated charge or a refund (docs.robokassa.ru).

Stricter than the original where that keeps a client honest: every field once and known, two digits after the point, a
receipt that sums to the price and is url-encoded before it is signed.
"""

import json
import re
import unicodedata
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote

from apps.sandbox.robokassa.shop import Cabinet, Refused


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LINK = _words("MerchantLogin OutSum InvId Description SignatureValue Culture Receipt Recurring IsTest")
REPEAT = _words("MerchantLogin OutSum InvoiceID PreviousInvoiceID Description SignatureValue Receipt IsTest")
TAXES = _words("none vat0 vat5 vat7 vat10 vat20 vat22 vat105 vat107 vat110 vat120 vat122")
TAX_SYSTEMS = _words("osn usn_income usn_income_outcome envd esn patent")
METHODS = _words("full_prepayment prepayment advance full_payment partial_payment credit credit_payment")
OBJECTS = _words("""
    commodity excise job service gambling_bet gambling_prize lottery lottery_prize intellectual_activity payment
    agent_commission composite another
""")
_SUM = re.compile(r"(0|[1-9]\d{0,10})\.\d{2}")
_NUMBER = re.compile(r"[1-9]\d{0,9}")


def read_form(text: str) -> dict[str, str]:
    """A form or a query as it came, each field once. Raises Refused."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict") if text else []
    except ValueError:
        raise Refused("form", "Is not url-encoded") from None
    if not text.isascii() or " " in text:
        raise Refused("form", "Holds characters that are not url-encoded")
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused("form", "Names a field twice")
    return fields


def check_link(fields: dict[str, str], cabinet: Cabinet) -> None:
    """Merchant/Index.aspx. Raises Refused."""
    _check_fields(fields, LINK, "InvId", cabinet)
    if fields.get("Culture", "ru") not in ("ru", "en"):
        raise Refused("Culture", "Must be ru or en")
    if fields.get("Recurring", "true") != "true":
        raise Refused("Recurring", "Must be true, or be absent")


def check_repeat(fields: dict[str, str], cabinet: Cabinet) -> None:
    """Merchant/Recurring. Raises Refused."""
    _check_fields(fields, REPEAT, "InvoiceID", cabinet)
    if not _NUMBER.fullmatch(fields.get("PreviousInvoiceID", "")):
        raise Refused("PreviousInvoiceID", "Must be the number of the first payment")


def check_refund(payload: dict[str, Any]) -> Decimal | None:
    """The payload of RefundService/Refund/Create. Returns the sum, None where it is all. Raises Refused."""
    if unknown := set(payload) - {"OpKey", "RefundSum", "InvoiceItems"}:
        raise Refused(min(unknown), "Is not a known field")
    amount = _amount(payload["RefundSum"], "RefundSum") if "RefundSum" in payload else None
    if "InvoiceItems" in payload:
        names = {"name": "Name", "quantity": "Quantity", "sum": "Cost", "tax": "Tax"}
        names |= {"payment_method": "PaymentMethod", "payment_object": "PaymentObject"}
        total = _check_items(payload["InvoiceItems"], names, "InvoiceItems")
        if amount is not None and total != amount:
            raise Refused("InvoiceItems", f"The items make {total:.2f}, the refund is {amount}")
    return amount


def _check_fields(fields: dict[str, str], known: frozenset[str], number: str, cabinet: Cabinet) -> None:
    for name in fields:
        if name not in known and name[:4].upper() != "SHP_":
            raise Refused(name, "Is not a known field")
    if fields.get("MerchantLogin") != cabinet.login:
        raise Refused("MerchantLogin", "There is no such shop")
    if not _SUM.fullmatch(fields.get("OutSum", "")) or Decimal(fields["OutSum"]) == 0:
        raise Refused("OutSum", "Must be above 0, with two digits after the point")
    if not _NUMBER.fullmatch(fields.get(number, "")) or int(fields[number]) >= 2**31:
        raise Refused(number, "Must be a whole number, 1 to 2147483647")
    if (fields.get("IsTest") == "1") != cabinet.is_test or fields.get("IsTest", "1") != "1":
        raise Refused("IsTest", "Live and test payments have other passwords")
    cabinet.check_request(fields, fields[number], fields.get("SignatureValue", ""))
    description = fields.get("Description", "")
    if not 1 <= len(description) <= 100 or not _is_plain(description):
        raise Refused("Description", "Must have 1 to 100 letters, digits and punctuation marks")
    if "Receipt" in fields:
        _check_receipt(fields["Receipt"], Decimal(fields["OutSum"]))


def _check_receipt(text: str, amount: Decimal) -> None:
    if not text.startswith("%7B"):
        raise Refused("Receipt", "Must be url-encoded before it is signed")
    try:
        receipt = json.loads(unquote(text, errors="strict"), parse_float=str, parse_int=str)
    except ValueError:
        raise Refused("Receipt", "Is not JSON") from None
    if not isinstance(receipt, dict) or set(receipt) - {"sno", "items"}:
        raise Refused("Receipt", "Must be an object of sno and items")
    if receipt.get("sno", "osn") not in TAX_SYSTEMS:
        raise Refused("Receipt.sno", "Is not a known tax system")
    names = {name: name for name in ("name", "quantity", "sum", "tax", "payment_method", "payment_object")}
    total = _check_items(receipt.get("items"), names, "Receipt.items")
    if total != amount:
        raise Refused("Receipt.items", f"The items make {total:.2f}, the payment is {amount}")


def _check_items(items: Any, names: dict[str, str], where: str) -> Decimal:
    if not isinstance(items, list) or not 1 <= len(items) <= 100:
        raise Refused(where, "Must be a list of 1 to 100 items")
    total = Decimal(0)
    for item in items:
        if not isinstance(item, dict) or set(item) != set(names.values()):
            raise Refused(where, f"Each must have {', '.join(names.values())}")
        name = item[names["name"]]
        if not isinstance(name, str) or not 1 <= len(name) <= 128 or not _is_plain(name):
            raise Refused(f"{where}.{names['name']}", "Must have 1 to 128 plain characters")
        if item[names["quantity"]] != "1":
            raise Refused(f"{where}.{names['quantity']}", "Only 1 is known to the sandbox")
        for field, words in (("tax", TAXES), ("payment_method", METHODS), ("payment_object", OBJECTS)):
            if item[names[field]] not in words:
                raise Refused(f"{where}.{names[field]}", "Is not a known value")
        total += _amount(item[names["sum"]], f"{where}.{names['sum']}")
    return total


def _amount(value: Any, field: str) -> Decimal:
    """Of a JSON number, which was read as text."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,11}(\.\d{1,2})?", value) or Decimal(value) == 0:
        raise Refused(field, "Must be above 0, with at most two digits after the point")
    return Decimal(value)


def _is_plain(text: str) -> bool:
    return all(unicodedata.category(one)[0] in "LNPZ" for one in text)
