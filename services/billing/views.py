from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.models import InvoiceRow, PaymentRow
from services.catalog import Quote
from services.identity import Party
from services.platform.errors import NotFound
from services.platform.money import Money


class PaymentNotFound(NotFound):
    """There is none, or it is another party's."""

    code: ClassVar[str] = "payment_not_found"


@dataclass(frozen=True, slots=True)
class Invoice:
    id: int
    party: Party
    quote: Quote
    amount: Money
    state: str
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class Payment:
    """`state` as in states.TRANSITIONS; `reason` is the provider's word for a failure."""

    id: int
    invoice_id: int
    party: Party
    provider: str
    state: str
    amount: Money
    pay_url: str | None
    reason: str | None
    decision: str | None
    created_at: datetime


def invoice(tx: Session, invoice_id: int) -> Invoice:
    row = tx.get_one(InvoiceRow, invoice_id)
    quote = Quote.from_json(row.quote)
    return Invoice(row.id, Party.parse(row.party), quote, row.amount, row.state, row.paid_at)


def payment(tx: Session, party: Party, payment_id: int) -> Payment:
    """Raises PaymentNotFound, also for other people's."""
    row = tx.scalar(select(PaymentRow).where(PaymentRow.id == payment_id, PaymentRow.party == str(party)))
    if row is None:
        raise PaymentNotFound(f"payment {payment_id} of {party}")
    return seen(row)


def payments_of(tx: Session, party: Party, *, offset: int = 0, limit: int = 10) -> list[tuple[Payment, Quote]]:
    """A party's attempts with what they were for, newest first; ones that never reached a provider are left out."""
    rows = tx.execute(
        select(PaymentRow, InvoiceRow.quote)
        .join(InvoiceRow, InvoiceRow.id == PaymentRow.invoice_id)
        .where(PaymentRow.party == str(party), PaymentRow.external_id.is_not(None))
        .order_by(PaymentRow.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [(seen(row), Quote.from_json(quote)) for row, quote in rows]


def seen(row: PaymentRow) -> Payment:
    return Payment(
        id=row.id,
        invoice_id=row.invoice_id,
        party=Party.parse(row.party),
        provider=row.provider,
        state=row.state,
        amount=row.amount,
        pay_url=row.pay_url,
        reason=row.detail,
        decision=row.decision,
        created_at=row.created_at,
    )
