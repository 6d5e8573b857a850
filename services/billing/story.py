from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import ledger
from services.billing.models import PaymentChangeRow, PaymentRow, RefundChangeRow, RefundRow
from services.billing.refund_plan import NotRefundable, left_of
from services.billing.rewards import REWARDS, reference_of
from services.billing.views import Invoice, Payment, PaymentNotFound, Refund, invoice, refunds_of, seen
from services.platform.money import Money

OF_A_PAYMENT = ("payment", "fee", "decision")
OF_A_REFUND = ("refund_reserve", "refund_reserve_reversal", "refund")


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the journal. `what` is "payment 7" or "refund 3"; `cause` is who or what moved it."""

    at: datetime
    what: str
    before: str | None
    after: str
    cause: str


@dataclass(frozen=True, slots=True)
class Booked:
    """One fact in the ledger and its entries."""

    kind: str
    reference: str
    entries: Sequence[ledger.Entry]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything about one payment. `external_id` is its name at the provider, `fee` what the provider keeps (None: it
    has not said), `left` what could go back; `check_after` is when the provider is asked next. `attempts` are all of
    the invoice's, this one among them, and each is in the journal (`changes`, as it happened)."""

    payment: Payment
    invoice: Invoice
    external_id: str | None
    fee: Money | None
    left: Money | None
    check_after: datetime | None
    attempts: Sequence[Payment]
    refunds: Sequence[Refund]
    changes: Sequence[Change]
    booked: Sequence[Booked]


def story(tx: Session, payment_id: int) -> Story:
    """For operators, who see everybody's. Raises PaymentNotFound."""
    row = tx.get(PaymentRow, payment_id)
    if row is None:
        raise PaymentNotFound(f"payment {payment_id}")
    attempts = tx.scalars(select(PaymentRow).where(PaymentRow.invoice_id == row.invoice_id).order_by(PaymentRow.id))
    refunds = refunds_of(tx, payment_id)
    came = row.received
    return Story(
        payment=seen(row),
        invoice=invoice(tx, row.invoice_id),
        external_id=row.external_id,
        fee=Money(row.fee_minor, came.currency) if came and row.fee_minor is not None else None,
        left=_left(tx, row),
        check_after=row.check_after,
        attempts=[seen(attempt) for attempt in attempts],
        refunds=refunds,
        changes=_changes(tx, row),
        booked=_booked(tx, row, refunds),
    )


def _left(tx: Session, payment: PaymentRow) -> Money | None:
    try:
        return left_of(tx, payment)
    except NotRefundable:
        return None


def _changes(tx: Session, payment: PaymentRow) -> list[Change]:
    of_attempts = (
        select(PaymentChangeRow)
        .join(PaymentRow, PaymentRow.id == PaymentChangeRow.payment_id)
        .where(PaymentRow.invoice_id == payment.invoice_id)
        .order_by(PaymentChangeRow.id)
    )
    of_refunds = (
        select(RefundChangeRow)
        .join(RefundRow, RefundRow.id == RefundChangeRow.refund_id)
        .where(RefundRow.payment_id == payment.id)
        .order_by(RefundChangeRow.id)
    )
    changes = [
        Change(row.at, f"payment {row.payment_id}", row.before, row.after, row.cause) for row in tx.scalars(of_attempts)
    ]
    changes += [
        Change(row.at, f"refund {row.refund_id}", row.before, row.after, row.cause) for row in tx.scalars(of_refunds)
    ]
    return sorted(changes, key=lambda change: change.at)


def _booked(tx: Session, payment: PaymentRow, refunds: Sequence[Refund]) -> list[Booked]:
    facts = [(kind, str(payment.id)) for kind in OF_A_PAYMENT]
    facts += [(kind, str(refund.id)) for refund in refunds for kind in OF_A_REFUND]
    facts += [(f"{kind}{back}", reference_of(payment.invoice_id)) for kind in REWARDS for back in ("", "_reversal")]
    found = [Booked(kind, reference, ledger.find(tx, kind=kind, reference=reference)) for kind, reference in facts]
    return [booked for booked in found if booked.entries]
