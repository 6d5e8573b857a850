"""A refund in the books, and what is told of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import ledger
from services.billing.accounts import clearing, held, revenue, wallet
from services.billing.events import PaymentRefunded, RefundFailed
from services.billing.models import InvoiceRow, PaymentRow, RefundRow
from services.billing.refund_plan import earned_by
from services.platform.money import Money
from services.platform.outbox import emit


def book_refund(tx: Session, invoice: InvoiceRow, payment: PaymentRow, refund: RefundRow, now: datetime) -> None:
    """The money is back: into the books, and told."""
    assert payment.received is not None
    earned = earned_by(tx, payment)
    applied = payment.decision is None or payment.decided == "apply"
    source = revenue(invoice) if applied else held(payment)
    if payment.decided == "keep" and not is_reserved(tx, refund):
        source = wallet(payment.party)  # taken back elsewhere, perhaps after it was spent
    target = clearing(payment) if refund.destination == "provider" else wallet(payment.party)
    tx.flush()
    all_back = select(func.sum(RefundRow.amount_minor)).where(
        RefundRow.payment_id == payment.id, RefundRow.state == "succeeded"
    )
    back = int(tx.scalar(all_back) or 0)
    # Given back elsewhere beyond what was earned: it was too much, and is on the balance.
    surplus = min(max(0, back - earned.minor), (payment.received - earned).minor, refund.amount.minor)
    sources = ((source, refund.amount.minor - surplus), (wallet(payment.party), surplus))
    entries = [ledger.Entry(account, Money(minor, refund.currency)) for account, minor in sources if minor]
    entries.append(ledger.Entry(target, -refund.amount))
    ledger.post(tx, kind="refund", reference=str(refund.id), entries=entries, now=now, may_overdraw=True)
    news = PaymentRefunded(
        refund_id=refund.id,
        payment_id=payment.id,
        invoice_id=invoice.id,
        party=payment.party,
        minor=refund.amount.minor,
        of_minor=earned.minor,
        shorten=refund.access == "shorten" and applied,
        applied=applied,
        full=back >= earned.minor,
    )
    if news.full and payment.decision is not None and payment.decided is None:
        payment.decided = "refund"  # elsewhere, or after all: there is nothing left to decide upon
    emit(tx, news, now)


def is_reserved(tx: Session, refund: RefundRow) -> bool:
    """Money that was kept on the balance has been set aside for this refund."""
    return any(ledger.find(tx, kind="refund_reserve", reference=str(refund.id))) and not any(
        ledger.find(tx, kind="refund_reserve_reversal", reference=str(refund.id))
    )


def release(tx: Session, payment: PaymentRow, refund: RefundRow, now: datetime) -> None:
    """The money did not leave: what was set aside is the buyer's again, and a decision is open again."""
    if is_reserved(tx, refund):
        ledger.reverse(tx, kind="refund_reserve", reference=str(refund.id), now=now)
    if payment.decided == "refund":
        payment.decided = None


def announce_failure(tx: Session, payment: PaymentRow, refund: RefundRow, now: datetime) -> None:
    """A person has to act."""
    news = RefundFailed(
        refund_id=refund.id,
        payment_id=payment.id,
        party=payment.party,
        reason=refund.detail or "",
        unknown=refund.state == "unknown",
    )
    emit(tx, news, now)
