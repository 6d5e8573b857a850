"""What YooKassa accepts, as pure checks of a request's body (YooKassa API v3).

Stricter than the original where that keeps a client honest: unknown fields are refused, `capture` must be said
aloud (it is false by default, and a forgotten one leaves the money on hold), and only what this sandbox can act out
is allowed (RUB, redirect confirmation, bank cards).
"""

import re
from decimal import Decimal
from ipaddress import ip_address
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PAYMENT_SUBJECTS = _words("""
    commodity excise job service gambling_bet gambling_prize lottery lottery_prize intellectual_activity payment
    agent_commission property_right non_operating_gain insurance_premium sales_tax resort_fee composite another
    fine tax lien cost pension_insurance_without_payouts pension_insurance_with_payouts
    health_insurance_without_payouts health_insurance_with_payouts health_insurance casino agent_withdrawals
    non_marked_excise marked_excise marked non_marked
""")
PAYMENT_MODES = _words("""
    full_prepayment partial_prepayment advance full_payment partial_payment credit credit_payment
""")
MEASURES = _words("""
    piece gram kilogram ton centimeter decimeter meter square_centimeter square_decimeter square_meter milliliter
    liter cubic_meter kilowatt_hour gigacalorie day hour minute second kilobyte megabyte gigabyte terabyte another
""")
_PAYMENT = _words("""
    amount description receipt payment_method_id payment_method_data confirmation save_payment_method capture
    client_ip metadata merchant_customer_id
""")
_ITEM = _words("description quantity amount vat_code measure payment_subject payment_mode")
_MONEY = re.compile(r"(0|[1-9]\d{0,10})\.\d{2}")
_QUANTITY = re.compile(r"\d{1,8}(\.\d{1,3})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
KEY = re.compile(r"[0-9a-zA-Z+-_.]{1,64}")  # YooKassa's own pattern of an Idempotence-Key


class Invalid(Exception):
    """The request breaks a rule; `parameter` names the field in YooKassa's dotted form."""

    def __init__(self, parameter: str, description: str) -> None:
        super().__init__(f"{parameter}: {description}")
        self.parameter, self.description = parameter, description


def check_payment(body: Any) -> None:
    """POST /payments. Raises Invalid."""
    # The official SDK always sends these two, empty.
    _fields(body, _PAYMENT, empty={"statements", "transfers"})
    amount = money(body.get("amount"), "amount")
    if type(body.get("capture")) is not bool:
        raise Invalid("capture", "Must be given: true takes the money at once, false puts it on hold")
    if ("confirmation" in body) == ("payment_method_id" in body):
        raise Invalid("confirmation", "Either confirmation or payment_method_id is needed, not both")
    if "confirmation" in body:
        _check_confirmation(body["confirmation"])
    else:
        _text(body["payment_method_id"], "payment_method_id", 1, 64)
    if "save_payment_method" in body and type(body["save_payment_method"]) is not bool:
        raise Invalid("save_payment_method", "Must be true or false")
    if "payment_method_data" in body and body["payment_method_data"] != {"type": "bank_card"}:
        raise Invalid("payment_method_data", 'Only {"type": "bank_card"} is known to the sandbox')
    if "client_ip" in body:
        _check_address(body["client_ip"])
    if "merchant_customer_id" in body:
        _text(body["merchant_customer_id"], "merchant_customer_id", 1, 200)
    _check_shared(body, amount, description_limit=128)


def check_capture(body: Any) -> None:
    """POST /payments/{id}/capture; an empty object takes the whole amount. Raises Invalid."""
    _fields(body, {"amount", "receipt"}, empty={"transfers"})
    if "receipt" in body and "amount" not in body:
        raise Invalid("amount", "A receipt needs the amount it is for")
    if "amount" in body:
        _check_shared(body, money(body["amount"], "amount"), description_limit=128)


def check_cancel(body: Any) -> None:
    """POST /payments/{id}/cancel. Raises Invalid."""
    _fields(body, set())


def check_refund(body: Any) -> None:
    """POST /refunds. Raises Invalid."""
    _fields(body, {"payment_id", "amount", "description", "receipt", "metadata"}, empty={"sources"})
    _text(body.get("payment_id"), "payment_id", 36, 36)
    _check_shared(body, money(body.get("amount"), "amount"), description_limit=250)


def money(value: Any, name: str) -> Decimal:
    """The amount in {"value": "299.00", "currency": "RUB"}. Raises Invalid, for 0 as well."""
    if not isinstance(value, dict):
        raise Invalid(name, "Must be an object with value and currency")
    _fields(value, {"value", "currency"}, name)
    text = value.get("value")
    if not isinstance(text, str) or not _MONEY.fullmatch(text):
        raise Invalid(f"{name}.value", "Must be a string with two digits after the point, like 1000.00")
    if value.get("currency") != "RUB":
        raise Invalid(f"{name}.currency", "Must be the currency of the shop, RUB")
    if Decimal(text) == 0:
        raise Invalid(f"{name}.value", "Must be above 0")
    return Decimal(text)


def _check_shared(body: dict[str, Any], amount: Decimal, *, description_limit: int) -> None:
    if "description" in body:
        _text(body["description"], "description", 1, description_limit)
    if "metadata" in body:
        _check_metadata(body["metadata"])
    if "receipt" in body:
        _check_receipt(body["receipt"], amount)


def _check_confirmation(value: Any) -> None:
    _fields(value, {"type", "return_url", "locale", "enforce"}, "confirmation")
    if value.get("type") != "redirect":
        raise Invalid("confirmation.type", "Only redirect is known to the sandbox")
    url = _text(value.get("return_url"), "confirmation.return_url", 1, 2048)
    if not url.startswith(("https://", "http://")):
        raise Invalid("confirmation.return_url", "Must be a web address")
    if value.get("locale", "ru_RU") not in ("ru_RU", "en_US"):
        raise Invalid("confirmation.locale", "Must be ru_RU or en_US")


def _check_address(value: Any) -> None:
    try:
        ip_address(_text(value, "client_ip", 1, 45))
    except ValueError:
        raise Invalid("client_ip", "Must be an IPv4 or IPv6 address") from None


def _check_metadata(value: Any) -> None:
    if not isinstance(value, dict):
        raise Invalid("metadata", "Must be an object")
    if len(value) > 16:
        raise Invalid("metadata", "Must have at most 16 keys")
    for key, text in value.items():
        if not 1 <= len(key) <= 32:
            raise Invalid("metadata", f"Key {key[:40]!r} must have 1 to 32 characters")
        _text(text, f"metadata.{key}", 0, 512)


def _check_receipt(value: Any, amount: Decimal) -> None:
    _fields(value, {"customer", "items", "tax_system_code", "internet", "timezone"}, "receipt")
    _check_customer(value.get("customer"))
    if "tax_system_code" in value:
        _whole(value["tax_system_code"], "receipt.tax_system_code", 1, 6)
    if "internet" in value and type(value["internet"]) is not bool:
        raise Invalid("receipt.internet", "Must be true or false")
    if "timezone" in value:
        _whole(value["timezone"], "receipt.timezone", 1, 11)
    items = value.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= 80:
        raise Invalid("receipt.items", "Must be a list of 1 to 80 items")
    total = sum((_check_item(item, f"receipt.items[{index}]") for index, item in enumerate(items)), Decimal(0))
    if total != amount:
        raise Invalid("receipt.items", f"The items make {total:.2f}, the amount is {amount}")


def _check_customer(value: Any) -> None:
    _fields(value, {"full_name", "inn", "email", "phone"}, "receipt.customer")
    if not {"email", "phone"} & set(value):
        raise Invalid("receipt.customer", "Needs an email or a phone")
    for name, pattern in (("email", _EMAIL), ("phone", re.compile(r"\d{4,15}")), ("inn", re.compile(r"\d{10,12}"))):
        if name in value and not pattern.fullmatch(_text(value[name], f"receipt.customer.{name}", 1, 254)):
            raise Invalid(f"receipt.customer.{name}", "Has a wrong form")
    if "full_name" in value:
        _text(value["full_name"], "receipt.customer.full_name", 1, 256)


def _check_item(item: Any, name: str) -> Decimal:
    _fields(item, _ITEM, name)
    _text(item.get("description"), f"{name}.description", 1, 128)
    _whole(item.get("vat_code"), f"{name}.vat_code", 1, 12)
    known = (("payment_subject", PAYMENT_SUBJECTS), ("payment_mode", PAYMENT_MODES), ("measure", MEASURES))
    for field, values in known:
        if field in item and item[field] not in values:
            raise Invalid(f"{name}.{field}", "Is not a known value")
    # The official SDK sends the quantity as text, the API's description has a number: both are taken.
    quantity = item.get("quantity")
    if isinstance(quantity, bool) or not _QUANTITY.fullmatch(str(quantity)) or Decimal(str(quantity)) == 0:
        raise Invalid(f"{name}.quantity", "Must be a number above 0 with at most 3 digits after the point")
    return money(item.get("amount"), f"{name}.amount") * Decimal(str(quantity))


def _fields(
    body: Any, known: frozenset[str] | set[str], name: str = "", empty: frozenset[str] | set[str] = frozenset()
) -> None:
    """Only `known` fields, and those of `empty` when they are empty lists."""
    if not isinstance(body, dict):
        raise Invalid(name or "body", "Must be an object")
    for field, value in body.items():
        if field not in known and not (field in empty and value == []):
            raise Invalid(f"{name}.{field}".lstrip("."), "Is not a known field")


def _text(value: Any, name: str, low: int, high: int) -> str:
    if not isinstance(value, str) or not low <= len(value) <= high:
        raise Invalid(name, f"Must be a string of {low} to {high} characters")
    return value


def _whole(value: Any, name: str, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise Invalid(name, f"Must be a whole number, {low} to {high}")
