"""For what follows a payment: how it was made, and which came lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.methods import is_charge, method_saved_by
from services.billing.models import InvoiceRow, PaymentRow
from services.billing.views import Invoice, invoice
from services.identity import Party


@dataclass(frozen=True, slots=True)
class HowPaid:
    """`charged`: by us, without the buyer; `renews`: its provider charges further periods by itself; `method_id` is
    the card that it had remembered."""

    provider: str
    currency: str
    charged: bool
    renews: bool
    method_id: int | None


def how_paid(tx: Session, payment_id: int) -> HowPaid:
    row = tx.get_one(PaymentRow, payment_id)
    return HowPaid(row.provider, row.currency, is_charge(row), row.renews, method_saved_by(tx, row))


def invoices_paid_since(tx: Session, party: Party, since: datetime) -> list[Invoice]:
    """Oldest first."""
    own = select(InvoiceRow.id).where(InvoiceRow.party == str(party), InvoiceRow.paid_at >= since)
    return [invoice(tx, invoice_id) for invoice_id in tx.scalars(own.order_by(InvoiceRow.id))]
