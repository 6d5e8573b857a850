"""What Crypto Pay accepts, as pure checks of a method's parameters (help.crypt.bot/crypto-pay-api, version 1.5.1).

Stricter than the original where that keeps a client honest: unknown parameters are refused, amounts are text with at
most two digits after the point, `currency_type`, `payload` and `expires_in` must be said (by default an invoice is
priced in coins, cannot be found again and never ends), and only what this sandbox can act out is allowed.
"""

import re
from collections.abc import Iterable
from typing import Any

from apps.sandbox.cryptopay.assets import FIATS, RUBLES

BUTTONS = ("viewItem", "openChannel", "openBot", "callback")
STATUSES = ("active", "paid")  # expired ones are only shown among all
_CREATE = {
    *("currency_type", "fiat", "accepted_assets", "amount", "description", "hidden_message", "paid_btn_name"),
    *("paid_btn_url", "payload", "allow_comments", "allow_anonymous", "expires_in"),
}
_LIST = {"fiat", "invoice_ids", "status", "offset", "count"}
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,10})(\.[0-9]{1,2})?")


class Invalid(Exception):
    """A parameter breaks a rule. `name` is the word of the answer, `str()` tells people what it is about."""

    def __init__(self, parameter: str, description: str, name: str | None = None) -> None:
        super().__init__(f"{parameter}: {description}")
        self.name = name or f"{parameter.upper()}_INVALID"


def check_invoice(given: Any) -> None:
    """createInvoice. Raises Invalid."""
    _known(given, _CREATE)
    _one_of(given.get("currency_type"), "currency_type", ("fiat",))
    _one_of(given.get("fiat"), "fiat", FIATS)
    amount = given.get("amount")
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount) or not amount.strip("0."):
        raise Invalid("amount", "must be text above 0 with at most two digits after the point, like 125.50")
    if "payload" not in given or len(str(given["payload"]).encode()) > 4096:
        raise Invalid("payload", "must be given, at most 4096 bytes")
    for name, most in (("payload", 4096), ("description", 1024), ("hidden_message", 2048)):
        if not isinstance(given.get(name, "x"), str) or not 1 <= len(given.get(name, "x")) <= most:
            raise Invalid(name, f"must be text of 1 to {most} characters")
    if type(given.get("expires_in")) is not int or not 1 <= given["expires_in"] <= 2678400:
        raise Invalid("expires_in", "must be whole seconds, 1 to 2678400")
    for name in ("allow_comments", "allow_anonymous"):
        if type(given.get(name, True)) is not bool:
            raise Invalid(name, "must be true or false")
    accepted(given)
    _check_button(given)


def check_list(given: Any) -> None:
    """getInvoices, whose numbers come as text in an address. Raises Invalid."""
    _known(given, _LIST)
    _one_of(given.get("status", "paid"), "status", STATUSES)
    _one_of(given.get("fiat", "RUB"), "fiat", FIATS)
    whole(given, "offset", 0, 10**9, 0)
    whole(given, "count", 1, 1000, 100)
    numbers(given)


def check_deletion(given: Any) -> None:
    """deleteInvoice. Raises Invalid."""
    _known(given, {"invoice_id"})
    whole(given, "invoice_id", 1, 10**18, None)


def check_nothing(given: Any) -> None:
    """A method without parameters. Raises Invalid."""
    _known(given, set())


def accepted(given: dict[str, Any]) -> list[str]:
    """The coins an invoice can be paid with. Raises Invalid."""
    text = given.get("accepted_assets", ",".join(RUBLES))
    assets = text.split(",") if isinstance(text, str) else []
    if not assets or set(assets) - set(RUBLES):
        raise Invalid("accepted_assets", f"must be some of {', '.join(RUBLES)}, joined by commas", "UNSUPPORTED_ASSET")
    return assets


def numbers(given: dict[str, Any]) -> set[int] | None:
    """`invoice_ids`; None when it is not given. Raises Invalid."""
    if "invoice_ids" not in given:
        return None
    ids = str(given["invoice_ids"]).split(",")
    if not all(one.isascii() and one.isdigit() for one in ids):
        raise Invalid("invoice_ids", "must be numbers joined by commas")
    return {int(one) for one in ids}


def whole(given: dict[str, Any], name: str, low: int, high: int, default: int | None) -> int:
    """A whole number, as itself or as text. Raises Invalid."""
    value = given.get(name, default)
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
        raise Invalid(name, f"must be a whole number, {low} to {high}")
    return int(text)


def _check_button(given: dict[str, Any]) -> None:
    if "paid_btn_name" not in given and "paid_btn_url" not in given:
        return
    _one_of(given.get("paid_btn_name"), "paid_btn_name", BUTTONS)
    url = given.get("paid_btn_url")
    if url is None:
        raise Invalid("paid_btn_url", "is needed with paid_btn_name", "PAID_BTN_URL_REQUIRED")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Invalid("paid_btn_url", "must be a web address")


def _known(given: Any, known: set[str]) -> None:
    if not isinstance(given, dict):
        raise Invalid("parameters", "must be an object")
    for name in given:
        if name not in known:
            raise Invalid(name, "is not a parameter the sandbox knows")


def _one_of(value: Any, name: str, known: Iterable[str]) -> None:
    if not isinstance(value, str) or value not in known:
        raise Invalid(name, f"must be one of {', '.join(known)}")
