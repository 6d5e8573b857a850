"""The only writers of the states of attempts and refunds: under lock, by the table, with a line in the journal."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from services.billing.events import PaymentFailed
from services.billing.models import InvoiceRow, PaymentChangeRow, PaymentRow, RefundChangeRow, RefundRow
from services.billing.states import OPEN, PAYMENTS, REFUNDS, check_transition
from services.platform.outbox import emit

# PostgreSQL locks in the order in which OF names the tables.
BOTH = (
    select(InvoiceRow, PaymentRow)
    .join(PaymentRow, PaymentRow.invoice_id == InvoiceRow.id)
    .where(PaymentRow.id == bindparam("payment_id"))
    .with_for_update(of=[InvoiceRow, PaymentRow])
    .execution_options(populate_existing=True)
)
CHANGE, REFUND_CHANGE = insert(PaymentChangeRow.table()), insert(RefundChangeRow.table())


def lock(tx: Session, payment_id: int) -> tuple[InvoiceRow, PaymentRow]:
    """Locks the invoice, then the attempt: everybody in this order."""
    these = {"payment_id": payment_id}
    # None: while we waited, a decision has given the attempt another invoice.
    invoice, payment = tx.execute(BOTH, these).first() or tx.execute(BOTH, these).one()
    return invoice, payment


def lock_refund(tx: Session, refund_id: int) -> tuple[InvoiceRow, PaymentRow, RefundRow]:
    """Locks the invoice, the attempt, then the refund."""
    invoice, payment = lock(tx, tx.get_one(RefundRow, refund_id).payment_id)
    return invoice, payment, tx.get_one(RefundRow, refund_id, with_for_update=True, populate_existing=True)


def move(tx: Session, payment: PaymentRow, state: str, now: datetime, cause: str) -> bool:
    """False when it is there already. Raises ImpossibleTransition."""
    if not check_transition(PAYMENTS, payment.state, state):
        return False
    change = {"payment_id": payment.id, "at": now, "before": payment.state, "after": state, "cause": cause}
    tx.execute(CHANGE, change)
    payment.state, payment.updated_at = state, now
    if state not in OPEN:
        payment.check_after = None
    return True


def fail(tx: Session, payment: PaymentRow, state: str, reason: str, now: datetime, cause: str) -> None:
    """To "failed" or "canceled", with the provider's reason, and tells the world."""
    payment.detail = reason[:200]
    if move(tx, payment, state, now, cause):
        news = PaymentFailed(
            payment_id=payment.id,
            invoice_id=payment.invoice_id,
            party=payment.party,
            reason=payment.detail,
            attended=payment.method_id is None,
        )
        emit(tx, news, now)


def move_refund(tx: Session, refund: RefundRow, state: str, now: datetime, cause: str) -> bool:
    """False when it is there already. Raises ImpossibleTransition."""
    if not check_transition(REFUNDS, refund.state, state):
        return False
    change = {"refund_id": refund.id, "at": now, "before": refund.state, "after": state, "cause": cause}
    tx.execute(REFUND_CHANGE, change)
    refund.state, refund.updated_at = state, now
    return True
