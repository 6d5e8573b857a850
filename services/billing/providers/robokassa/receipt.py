"""54-FZ receipts in Robokassa's words (source: docs.robokassa.ru, "Фискализация"; the lists of its own shop modules).

The buyer's e-mail is not in them: Robokassa asks for one on its page."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from services.billing.providers.base import FiscalLine, FiscalReceipt
from services.billing.providers.robokassa.wire import compact
from services.platform.errors import Misconfigured

TAX_SYSTEMS = {1: "osn", 2: "usn_income", 3: "usn_income_outcome", 4: "envd", 5: "esn", 6: "patent"}
VAT = {
    1: "none",
    2: "vat0",
    3: "vat10",
    4: "vat20",
    5: "vat110",
    6: "vat120",
    7: "vat5",
    8: "vat7",
    9: "vat105",
    10: "vat107",
    11: "vat22",
    12: "vat122",
}
MODES = {
    "full_prepayment": "full_prepayment",
    "partial_prepayment": "prepayment",
    "advance": "advance",
    "full_payment": "full_payment",
    "partial_payment": "partial_payment",
    "credit": "credit",
    "credit_payment": "credit_payment",
}
SUBJECTS = (
    *("commodity", "excise", "job", "service", "gambling_bet", "gambling_prize", "lottery", "lottery_prize"),
    *("intellectual_activity", "payment", "agent_commission", "composite", "another"),
)
NAME_LENGTH = 128


def receipt_json(receipt: FiscalReceipt) -> str:
    """The Receipt of a payment. Raises Misconfigured where Robokassa has no word for what it must say."""
    document: dict[str, Any] = {}
    if receipt.tax_system is not None:
        document["sno"] = _word(TAX_SYSTEMS, receipt.tax_system, "tax system")
    document["items"] = [
        {
            "name": plain(line.name, NAME_LENGTH),
            "quantity": 1,
            "sum": line.total,
            "tax": _word(VAT, line.vat_code, "VAT code"),
            "payment_method": _word(MODES, line.mode, "payment mode"),
            "payment_object": _subject(line.subject),
        }
        for line in receipt.lines
    ]
    return compact(document)


def refund_items(lines: Sequence[FiscalLine]) -> list[dict[str, Any]]:
    """The InvoiceItems of a refund; `Cost` is text like "299.00"."""
    return [
        {
            "Name": plain(line.name, NAME_LENGTH),
            "Quantity": 1,
            "Cost": str(line.total),
            "Tax": _word(VAT, line.vat_code, "VAT code"),
            "PaymentMethod": _word(MODES, line.mode, "payment mode"),
            "PaymentObject": _subject(line.subject),
        }
        for line in lines
    ]


def plain(text: str, limit: int) -> str:
    """`text` in the characters that Robokassa takes: letters, digits, punctuation and single spaces."""
    spaced = " ".join(unicodedata.normalize("NFC", text).split())
    kept = "".join(one for one in spaced if unicodedata.category(one)[0] in "LNPZ")
    return " ".join(kept.split())[:limit]


def _subject(subject: str) -> str:
    return _word(dict(zip(SUBJECTS, SUBJECTS, strict=True)), subject, "payment subject")


def _word(words: Mapping[Any, str], ours: object, what: str) -> str:
    if ours not in words:
        raise Misconfigured(f"Robokassa has no word for the {what} {ours}")
    return words[ours]
