"""For what follows a payment: how it was made, which came lately, and whether it has gone back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from services.billing.methods import is_charge, method_saved_by
from services.billing.models import InvoiceRow, PaymentRow, RefundRow
from services.billing.refund_plan import earned_by
from services.billing.views import Invoice, Payment, PaymentNotFound, invoice, seen
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


def payment_of_invoice(tx: Session, invoice_id: int) -> Payment:
    """The one that paid it. Raises PaymentNotFound."""
    row = _that_paid(tx, invoice_id)
    if row is None:
        raise PaymentNotFound(f"payment of invoice {invoice_id}")
    return seen(row)


def is_given_back(tx: Session, invoice_id: int) -> bool:
    """All that paid it is back with its buyer."""
    row = _that_paid(tx, invoice_id)
    if row is None:
        return False
    back = select(func.coalesce(func.sum(RefundRow.amount_minor), 0)).where(
        RefundRow.payment_id == row.id, RefundRow.state == "succeeded"
    )
    return int(tx.scalar(back) or 0) >= earned_by(tx, row).minor


def _that_paid(tx: Session, invoice_id: int) -> PaymentRow | None:
    """What came late, twice or in another amount has not, unless it was applied."""
    applied = or_(PaymentRow.decision.is_(None), PaymentRow.decided == "apply")
    paid = select(PaymentRow).where(PaymentRow.invoice_id == invoice_id, PaymentRow.state == "succeeded", applied)
    return tx.scalar(paid.order_by(PaymentRow.id).limit(1))
