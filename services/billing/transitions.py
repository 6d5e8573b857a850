"""The only writers of the states of attempts and refunds: under lock, by the table, with a line in the journal."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from services.billing.events import PaymentFailed
from services.billing.methods import is_charge
from services.billing.models import InvoiceRow, PaymentChangeRow, PaymentRow, RefundChangeRow, RefundRow
from services.billing.states import OPEN, PAYMENTS, REFUNDS, check_transition
from services.platform.outbox import emit

OF_PAYMENT = PaymentRow.id == bindparam("payment_id")
ITS_INVOICE = InvoiceRow.id == select(PaymentRow.invoice_id).where(OF_PAYMENT).scalar_subquery()
# Two statements: a join would lock both, but where the attempt got another invoice while it waited it finds nothing,
# holds the attempt, and would have to go back for an invoice.
LOCK_INVOICE = select(InvoiceRow).where(ITS_INVOICE).with_for_update().execution_options(populate_existing=True)
LOCK_PAYMENT = select(PaymentRow).where(OF_PAYMENT).with_for_update().execution_options(populate_existing=True)
CHANGE, REFUND_CHANGE = insert(PaymentChangeRow.table()), insert(RefundChangeRow.table())


def lock(tx: Session, payment_id: int) -> tuple[InvoiceRow, PaymentRow]:
    """Locks the invoice, then the attempt: everybody in this order."""
    these = {"payment_id": payment_id}
    return tx.scalars(LOCK_INVOICE, these).one(), tx.scalars(LOCK_PAYMENT, these).one()


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
            attended=not is_charge(payment),
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
