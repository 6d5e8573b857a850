"""The refund service (source: docs.robokassa.ru, "API возвратов"; the body of Create as in Robokassa's own modules).

POST RefundService/Refund/Create: a JSON string that is a JWT, signed with password 3, of {"OpKey", "RefundSum",
"InvoiceItems"?}; answers {"success": true, "requestId"} or {"success": false, "message"}.
GET RefundService/Refund/GetState?id=requestId: {"requestId", "amount", "label"} or {"message"}."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from services.billing.providers.base import Declined, RefundOrder, RefundOutcome, RefundSnapshot, Unknown
from services.billing.providers.robokassa.receipt import refund_items
from services.billing.providers.robokassa.wire import LARGEST_ANSWER, compact, rubles
from services.platform.documents import BadDocument, read_object
from services.platform.money import BadAmount

ALGORITHMS = {"SHA384": "HS384", "SHA512": "HS512"}  # for the other hashes of payments: HS256
LABELS = {"processing": "pending", "finished": "succeeded", "canceled": "canceled"}


def refund_document(order: RefundOrder) -> dict[str, Any]:
    """What is stored of a refund and sent later; the OpKey is asked for then. The sum is always said: without it
    Robokassa returns the whole payment, also where a part is back already."""
    document: dict[str, Any] = {"InvoiceID": order.payment_external_id, "RefundSum": str(order.amount)}
    if order.receipt is not None:
        document["InvoiceItems"] = refund_items(order.receipt.lines)
    return document


def refund_token(document: dict[str, Any], operation_key: str, password3: str, hash_name: str) -> str:
    """The JWT of a stored refund. Raises BadAmount, KeyError for what refund_document did not make."""
    payload: dict[str, Any] = {"OpKey": operation_key, "RefundSum": rubles(document["RefundSum"])}
    if "InvoiceItems" in document:
        payload["InvoiceItems"] = [item | {"Cost": rubles(item["Cost"])} for item in document["InvoiceItems"]]
    algorithm = ALGORITHMS.get(hash_name, "HS256")
    content = f"{_part(compact({'alg': algorithm, 'typ': 'JWT'}).encode())}.{_part(compact(payload).encode())}"
    digest = hmac.digest(password3.encode(), content.encode(), f"sha{algorithm[2:]}")
    return f"{content}.{_part(digest)}"


def read_created(status: int, body: bytes, document: dict[str, Any]) -> RefundOutcome:
    """Robokassa has taken the request: the money moves later, or an operator of the cabinet cancels it."""
    answer = _object(body)
    if answer is None:
        refused = 400 <= status < 500
        return Declined(f"http_{status}", retryable=False) if refused else Unknown(f"unreadable answer, {status}")
    request_id = answer.get("requestId")
    if answer.get("success") is True and isinstance(request_id, str) and 1 <= len(request_id) <= 64:
        return RefundSnapshot(request_id, document["InvoiceID"], "pending", rubles(document["RefundSum"]))
    if answer.get("success") is False:
        return Declined(str(answer.get("message") or "refused")[:64], retryable=False)
    return Unknown(f"unreadable answer, status {status}")


def read_state(status: int, body: bytes, external_id: str) -> RefundOutcome:
    """The payment is not named there: `payment_external_id` is "". A message instead of a state means that nothing is
    known, but for one that says the request does not exist."""
    answer = _object(body)
    if answer is None:
        return Declined("not_found", retryable=False) if status == 404 else Unknown(f"unreadable answer, {status}")
    label, amount = answer.get("label"), answer.get("amount")
    if status == 200 and label in LABELS and answer.get("requestId") == external_id:
        try:
            return RefundSnapshot(external_id, "", LABELS[label], rubles(str(amount)))
        except BadAmount:
            return Unknown("unreadable answer: amount")
    message = str(answer.get("message") or "")[:64]
    if "notfound" in message.lower().replace(" ", ""):
        return Declined("not_found", retryable=False)
    return Unknown(message or f"unreadable answer, status {status}")


def _object(body: bytes) -> dict[str, Any] | None:
    """A JSON object, its numbers as the text they are written in: amounts come as numbers."""
    try:
        read_object(body, limit=LARGEST_ANSWER)
        document = json.loads(body, parse_float=str, parse_int=str)
    except (BadDocument, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _part(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
