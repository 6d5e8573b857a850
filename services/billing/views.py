from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.models import ChargeRow, InvoiceRow, MethodRow, PaymentRow, RefundRow
from services.catalog import Quote
from services.identity import Party
from services.platform.errors import NotFound
from services.platform.money import Money


class PaymentNotFound(NotFound):
    """There is none, or it is another party's."""

    code: ClassVar[str] = "payment_not_found"


class RefundNotFound(NotFound):
    code: ClassVar[str] = "refund_not_found"


@dataclass(frozen=True, slots=True)
class Invoice:
    id: int
    party: Party
    quote: Quote
    amount: Money
    state: str
    paid_at: datetime | None
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Payment:
    """`state` as in states.PAYMENTS; `reason` is the provider's word for a failure; `received` is what came;
    `decision` why it waits for a person (amount, late, double), while it does; `decided` what became of it."""

    id: int
    invoice_id: int
    party: Party
    provider: str
    state: str
    amount: Money
    pay_url: str | None
    reason: str | None
    decision: str | None
    decided: str | None
    received: Money | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Refund:
    """`state` as in states.REFUNDS; `reason` is the provider's word for a failure."""

    id: int
    payment_id: int
    party: Party
    provider: str
    destination: str
    state: str
    amount: Money
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedCharge:
    """What is charged; `card` is the card's title ("Visa •• 4444"), None where it is the balance."""

    id: int
    party: Party
    quote: Quote
    amount: Money
    card: str | None


def invoice(tx: Session, invoice_id: int) -> Invoice:
    row = tx.get_one(InvoiceRow, invoice_id)
    quote = Quote.from_json(row.quote)
    return Invoice(row.id, Party.parse(row.party), quote, row.amount, row.state, row.paid_at, row.valid_until)


def payment(tx: Session, party: Party, payment_id: int) -> Payment:
    """Raises PaymentNotFound, also for other people's."""
    row = tx.scalar(select(PaymentRow).where(PaymentRow.id == payment_id, PaymentRow.party == str(party)))
    if row is None:
        raise PaymentNotFound(f"payment {payment_id} of {party}")
    return seen(row)


def payment_by_reference(tx: Session, party: Party, reference: str) -> Payment:
    """The own attempt that a checkout with this reference made. Raises PaymentNotFound."""
    row = tx.scalar(select(PaymentRow).where(PaymentRow.reference == reference, PaymentRow.party == str(party)))
    if row is None:
        raise PaymentNotFound(f"payment for {reference} of {party}")
    return seen(row)


def invoice_message(tx: Session, party: Party, payment_id: int) -> dict[str, Any]:
    """The arguments of Telegram's sendInvoice for an own attempt, but for where to send it; for providers with
    Capability.MESSAGE. Raises PaymentNotFound."""
    own = select(PaymentRow.request).where(PaymentRow.id == payment_id, PaymentRow.party == str(party))
    request = tx.scalar(own)
    if request is None:
        raise PaymentNotFound(f"payment {payment_id} of {party}")
    return dict(request)


def planned_charge(tx: Session, charge_id: int) -> PlannedCharge:
    """For reactions: its events name it."""
    row = tx.get_one(ChargeRow, charge_id)
    sold, card = tx.get_one(InvoiceRow, row.invoice_id), tx.get(MethodRow, row.method_id) if row.method_id else None
    title = card.title if card else None
    return PlannedCharge(row.id, Party.parse(row.party), Quote.from_json(sold.quote), sold.amount, title)


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


def any_payment(tx: Session, payment_id: int) -> Payment:
    """For operators, who see everybody's. Raises PaymentNotFound."""
    row = tx.get(PaymentRow, payment_id)
    if row is None:
        raise PaymentNotFound(f"payment {payment_id}")
    return seen(row)


def refund(tx: Session, refund_id: int) -> Refund:
    """For operators and reactions. Raises RefundNotFound."""
    row = tx.get(RefundRow, refund_id)
    if row is None:
        raise RefundNotFound(f"refund {refund_id}")
    return _seen_refund(row)


def refunds_of(tx: Session, payment_id: int) -> list[Refund]:
    """Oldest first."""
    rows = select(RefundRow).where(RefundRow.payment_id == payment_id).order_by(RefundRow.id)
    return [_seen_refund(row) for row in tx.scalars(rows)]


def _seen_refund(row: RefundRow) -> Refund:
    return Refund(
        id=row.id,
        payment_id=row.payment_id,
        party=Party.parse(row.party),
        provider=row.provider,
        destination=row.destination,
        state=row.state,
        amount=row.amount,
        reason=row.detail,
        created_at=row.created_at,
    )


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
        decision=None if row.decided else row.decision,
        decided=row.decided,
        received=row.received,
        created_at=row.created_at,
    )
