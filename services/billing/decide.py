"""Money that came late, twice or in another amount: what becomes of it, by a person or by a stated policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import ledger
from services.billing.accounts import held, revenue, wallet
from services.billing.attempts import new_invoice
from services.billing.events import InvoicePaid, PaymentDecided, PaymentNeedsDecision
from services.billing.models import InvoiceRow, PaymentRow, RefundRow
from services.billing.providers.base import PaymentProvider
from services.billing.refund import request_refund
from services.billing.refund_plan import left_of
from services.billing.states import ON_ITS_WAY
from services.billing.transitions import lock
from services.billing.views import Payment, seen
from services.catalog import Quote
from services.identity import Party
from services.platform import audit
from services.platform.errors import Conflict, Rejected
from services.platform.money import Money
from services.platform.outbox import emit

Choice = Literal["apply", "refund", "keep"]
CHOICES: tuple[Choice, ...] = ("apply", "refund", "keep")


class NothingToDecide(Conflict):
    """The payment fits, or somebody has decided already."""

    code: ClassVar[str] = "nothing_to_decide"


class CannotApply(Conflict):
    """What came is of another currency than what was sold."""

    code: ClassVar[str] = "cannot_apply"


def undecided(tx: Session, limit: int = 100) -> list[Payment]:
    """The queue of the operators, oldest first."""
    rows = select(PaymentRow).where(PaymentRow.decision.is_not(None), PaymentRow.decided.is_(None))
    return [seen(row) for row in tx.scalars(rows.order_by(PaymentRow.id).limit(limit))]


def decide(
    tx: Session, providers: Mapping[str, PaymentProvider], payment_id: int, choice: Choice, *, actor: str, now: datetime
) -> None:
    """apply: the buyer gets what was meant (a further period where the first is paid; what is too much goes to the
    balance); refund: all of it goes back; keep: it goes to the buyer's balance.
    Raises NothingToDecide, CannotApply, or what request_refund raises."""
    invoice, payment = lock(tx, payment_id)
    if payment.decision is None or payment.decided is not None:
        raise NothingToDecide(f"payment {payment_id}")
    going = select(RefundRow.id).where(RefundRow.payment_id == payment.id, RefundRow.state.in_(ON_ITS_WAY))
    if tx.scalar(going.limit(1)):
        raise NothingToDecide(f"a part of payment {payment_id} is on its way back")
    match choice:
        case "apply":
            _apply(tx, invoice, payment, now)
        case "keep":
            left = left_of(tx, payment)
            _book(tx, payment, [ledger.Entry(held(payment), left), ledger.Entry(wallet(payment.party), -left)], now)
        case "refund":
            provider = providers.get(payment.provider)
            if provider is None:
                raise NothingToDecide(f"{payment.provider} is not in PAYMENT_PROVIDERS")
            request_refund(tx, provider, payment_id, reason=f"it came {payment.decision}", actor=actor, now=now)
    payment.decided = choice
    subject = f"payment:{payment.id}"
    audit.record(
        tx, actor=actor, action="payment.decide", subject=subject, now=now, choice=choice, because=payment.decision
    )
    emit(tx, PaymentDecided(payment_id=payment.id, party=payment.party, choice=choice), now)


def apply_policy(
    tx: Session,
    providers: Mapping[str, PaymentProvider],
    event: PaymentNeedsDecision,
    policy: Mapping[str, str],
    now: datetime,
) -> None:
    """Decides what the operator has decided beforehand, reason by reason. What cannot be done so stays in the queue."""
    choice = policy.get(event.reason, "ask")
    chosen: Choice | None = next((known for known in CHOICES if known == choice), None)
    if chosen is None:
        return
    try:
        decide(tx, providers, event.payment_id, chosen, actor=f"rule:{event.reason}={choice}", now=now)
    except (Conflict, Rejected):
        return


def _apply(tx: Session, invoice: InvoiceRow, payment: PaymentRow, now: datetime) -> None:
    came = left_of(tx, payment)
    if came.currency != invoice.currency:
        raise CannotApply(f"{came.currency} for {invoice.currency}")
    if invoice.state == "paid":  # a second payment for it buys a second period
        again = replace(Quote.from_json(invoice.quote), promo=None)  # its code was used once, and gives nothing twice
        invoice = new_invoice(tx, Party.parse(invoice.party), again, now)
        payment.invoice_id = invoice.id
    earned = Money(min(came.minor, invoice.amount_minor), came.currency)
    entries = [ledger.Entry(held(payment), came), ledger.Entry(revenue(invoice), -earned)]
    if surplus := (came - earned).minor:
        entries.append(ledger.Entry(wallet(payment.party), -Money(surplus, came.currency)))
    _book(tx, payment, entries, now)
    invoice.state, invoice.paid_at = "paid", now
    tx.flush()
    emit(tx, InvoicePaid(invoice_id=invoice.id, payment_id=payment.id, party=invoice.party), now)


def _book(tx: Session, payment: PaymentRow, entries: list[ledger.Entry], now: datetime) -> None:
    ledger.post(tx, kind="decision", reference=str(payment.id), entries=entries, now=now)
