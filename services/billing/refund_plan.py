"""What a refund would do with money, and whether it can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import ledger
from services.billing.accounts import wallet
from services.billing.models import InvoiceRow, PaymentRow, RefundRow
from services.billing.providers.base import Capability, PaymentProvider
from services.catalog import Quote
from services.identity import Party
from services.platform.errors import Conflict, Invalid, Rejected
from services.platform.money import Money

Access = Literal["keep", "shorten"]
Destination = Literal["provider", "balance"]


class NotRefundable(Conflict):
    """Nothing was paid, or nothing is left of it."""

    code: ClassVar[str] = "not_refundable"


class BadRefundAmount(Invalid):
    """Not above zero, more than is left, or another currency."""

    code: ClassVar[str] = "bad_refund_amount"


class CannotRefund(Rejected):
    """The provider cannot do this refund; the buyer's balance can always take it."""

    code: ClassVar[str] = "provider_cannot_refund"


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """What a refund would do with money. `left` is what could be refunded at most; `full`: nothing of the payment is
    left afterwards; `applied`: the payment had paid its invoice, so there are days to take; `fiscal`: the provider
    registers a receipt of the refund."""

    payment_id: int
    invoice_id: int
    party: Party
    provider: str
    quote: Quote
    amount: Money
    received: Money
    left: Money
    full: bool
    applied: bool
    destination: Destination
    access: Access
    fiscal: bool


def plan_refund(
    tx: Session,
    provider: PaymentProvider,
    payment_id: int,
    *,
    amount: Money | None = None,
    access: Access | None = None,
    destination: Destination = "provider",
) -> RefundPlan:
    """Changes nothing. No `amount` means all that is left. Unless `access` says otherwise, a full refund takes the
    order's remaining days and a partial one leaves them. Raises NotRefundable, BadRefundAmount or CannotRefund."""
    payment = tx.get_one(PaymentRow, payment_id)
    return plan_for(tx, provider, tx.get_one(InvoiceRow, payment.invoice_id), payment, amount, access, destination)


def left_of(tx: Session, payment: PaymentRow) -> Money:
    """What came and has not gone back, is not on its way back, and is not on the buyer's balance as too much. Raises
    NotRefundable."""
    if payment.state != "succeeded" or payment.received is None:
        raise NotRefundable(f"payment {payment.id} is {payment.state}")
    going = select(func.coalesce(func.sum(RefundRow.amount_minor), 0)).where(
        RefundRow.payment_id == payment.id, RefundRow.state.not_in(("canceled", "failed"))
    )
    return earned_by(tx, payment) - Money(int(tx.scalar(going) or 0), payment.received.currency)


def earned_by(tx: Session, payment: PaymentRow) -> Money:
    """What came, less what was too much and went to the buyer's balance when the rest was applied."""
    assert payment.received is not None
    if payment.decided != "apply":
        return payment.received
    booked = ledger.find(tx, kind="decision", reference=str(payment.id))
    surplus = sum(entry.amount.minor for entry in booked if entry.account == wallet(payment.party))
    return payment.received + Money(surplus, payment.received.currency)


def plan_for(
    tx: Session,
    provider: PaymentProvider,
    invoice: InvoiceRow,
    payment: PaymentRow,
    amount: Money | None,
    access: Access | None,
    destination: Destination,
) -> RefundPlan:
    """As plan_refund, of rows that the caller has locked."""
    left = left_of(tx, payment)
    if left.minor <= 0:
        raise NotRefundable(f"nothing is left of payment {payment.id}")
    wanted = left if amount is None else amount
    if wanted.currency != left.currency or not 0 < wanted.minor <= left.minor:
        raise BadRefundAmount(f"{wanted} {wanted.currency} of {left} {left.currency}")
    if destination == "balance" and payment.decided == "keep":
        raise NotRefundable("it is on the balance")
    if destination == "provider":
        _require_ability(provider, payment, wanted, left)
    applied = payment.decision is None or payment.decided == "apply"
    full = wanted == left
    return RefundPlan(
        payment_id=payment.id,
        invoice_id=invoice.id,
        party=Party.parse(payment.party),
        provider=payment.provider,
        quote=Quote.from_json(invoice.quote),
        amount=wanted,
        received=earned_by(tx, payment),
        left=left,
        full=full,
        applied=applied,
        destination=destination,
        access=access if access and applied else "shorten" if full and applied else "keep",
        fiscal=destination == "provider" and provider.fiscal is not None and Capability.FISCAL in provider.capabilities,
    )


def _require_ability(provider: PaymentProvider, payment: PaymentRow, wanted: Money, left: Money) -> None:
    if provider.code != payment.provider:
        raise CannotRefund(f"payment {payment.id} came by {payment.provider}")
    if Capability.REFUND not in provider.capabilities:
        raise CannotRefund(f"{provider.code} cannot give money back")
    whole = wanted == left == payment.received
    if not whole and Capability.PARTIAL_REFUND not in provider.capabilities:
        raise CannotRefund(f"{provider.code} gives back all or nothing")
