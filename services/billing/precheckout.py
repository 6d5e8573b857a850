"""The last word before a buyer's money moves in the chat (Telegram's pre-checkout query, to be answered in seconds)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.models import InvoiceRow, PaymentRow
from services.billing.switches import offered
from services.catalog import Quote
from services.identity import Party
from services.platform.errors import Conflict
from services.platform.money import Money


class Refused(Conflict):
    """This payment must not go on: closed, of another price, or somebody else's."""

    code: ClassVar[str] = "payment_refused"


def approve(tx: Session, provider: str, *, payload: str, amount: Money, party: Party, now: datetime) -> Quote:
    """`payload` is the key that the invoice message carries. Returns what is sold. Raises Refused, whose message is for
    the log."""
    try:
        key = uuid.UUID(payload)
    except ValueError:
        raise Refused("not our payload") from None
    payment = tx.scalar(select(PaymentRow).where(PaymentRow.provider == provider, PaymentRow.key == key))
    if payment is None:
        raise Refused("no such payment")
    invoice = tx.get_one(InvoiceRow, payment.invoice_id)
    if payment.party != str(party):
        raise Refused("somebody else's invoice")  # a forwarded one: the goods would go to its owner
    if (
        invoice.state != "open"
        or invoice.valid_until <= now
        or payment.state not in ("sending", "unknown", "awaiting_user")
    ):
        raise Refused(f"invoice {invoice.id} is {invoice.state}, payment {payment.id} is {payment.state}")
    if amount != payment.amount:
        raise Refused("another amount")
    if not offered(tx, [provider]):
        raise Refused(f"{provider} is switched off")
    return Quote.from_json(invoice.quote)
