"""Giving money back: what it would do, and the order to do it. The sending is in refunding.py."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import identity, ledger
from services.billing.accounts import held, wallet
from services.billing.events import RefundRequested
from services.billing.fiscal import receipt
from services.billing.models import InvoiceRow, PaymentRow, RefundChangeRow, RefundRow
from services.billing.providers.base import Capability, PaymentProvider, RefundOrder
from services.billing.refunding import book_refund
from services.billing.transitions import lock, move_refund
from services.catalog import Quote
from services.identity import Party
from services.platform import audit
from services.platform.errors import Conflict, Invalid, Rejected
from services.platform.money import Money
from services.platform.outbox import emit

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
    return _plan(tx, provider, tx.get_one(InvoiceRow, payment.invoice_id), payment, amount, access, destination)


def request_refund(
    tx: Session,
    provider: PaymentProvider,
    payment_id: int,
    *,
    amount: Money | None = None,
    access: Access | None = None,
    destination: Destination = "provider",
    reason: str,
    actor: str,
    now: datetime,
    reference: str | None = None,
) -> int:
    """Orders what `plan_refund` describes and returns the refund's id; the same `reference` again gives the same one.
    To the balance it is done at once; through the provider it goes on by itself (`RefundRequested`). `reason` (500
    characters) is for the journal. Raises as plan_refund."""
    invoice, payment = lock(tx, payment_id)
    if reference and (known := tx.scalar(select(RefundRow.id).where(RefundRow.reference == reference))):
        return known
    plan = _plan(tx, provider, invoice, payment, amount, access, destination)
    key = uuid.uuid4()
    row = RefundRow(
        payment_id=payment.id,
        party=payment.party,
        provider=payment.provider if destination == "provider" else "balance",
        destination=destination,
        state="requested",
        amount_minor=plan.amount.minor,
        currency=plan.amount.currency,
        key=key,
        reference=reference,
        request=_request(tx, provider, payment, plan, key) if destination == "provider" else {},
        access=plan.access,
        reason=reason[:500],
        actor=actor,
        created_at=now,
        updated_at=now,
        checks=0,
    )
    tx.add(row)
    tx.flush()
    tx.add(RefundChangeRow(refund_id=row.id, at=now, before=None, after="requested", cause=actor))
    detail = {"amount": str(plan.amount), "currency": plan.amount.currency, "to": destination, "access": plan.access}
    audit.record(
        tx,
        actor=actor,
        action="payment.refund",
        subject=f"payment:{payment.id}",
        now=now,
        **detail,
        reason=reason[:500],
    )
    if payment.decided == "keep" and destination == "provider":
        _reserve(tx, payment, row, now)
    if payment.decision is not None and payment.decided is None:
        payment.decided = "refund"
    if destination == "balance":
        row.external_id = str(key)
        move_refund(tx, row, "sending", now, actor)
        move_refund(tx, row, "succeeded", now, actor)
        book_refund(tx, invoice, payment, row, now)
    else:
        emit(tx, RefundRequested(refund_id=row.id), now)
    return row.id


def left_of(tx: Session, payment: PaymentRow) -> Money:
    """What came and has not gone back, and is not on its way back. Raises NotRefundable."""
    if payment.state != "succeeded" or payment.received is None:
        raise NotRefundable(f"payment {payment.id} is {payment.state}")
    going = select(func.coalesce(func.sum(RefundRow.amount_minor), 0)).where(
        RefundRow.payment_id == payment.id, RefundRow.state.not_in(("canceled", "failed"))
    )
    return payment.received - Money(int(tx.scalar(going) or 0), payment.received.currency)


def _plan(
    tx: Session,
    provider: PaymentProvider,
    invoice: InvoiceRow,
    payment: PaymentRow,
    amount: Money | None,
    access: Access | None,
    destination: Destination,
) -> RefundPlan:
    left = left_of(tx, payment)
    assert payment.received is not None
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
        received=payment.received,
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


def _request(
    tx: Session, provider: PaymentProvider, payment: PaymentRow, plan: RefundPlan, key: uuid.UUID
) -> dict[str, object]:
    name = plan.quote.name.get("ru") or next(iter(plan.quote.name.values()))
    order = RefundOrder(
        key=key,
        payment_external_id=payment.external_id or "",
        amount=plan.amount,
        full=plan.amount == plan.received,
        description=name[:250],
        party=payment.party,
        telegram_id=identity.user(tx, plan.party.id).telegram_id if plan.party.kind == "user" else None,
        receipt=receipt(provider, name, plan.amount),
    )
    return provider.refund_request(order)


def _reserve(tx: Session, payment: PaymentRow, refund: RefundRow, now: datetime) -> None:
    """Money that was kept on the balance may have been spent: what goes back is set aside first. Raises
    Insufficient."""
    entries = [ledger.Entry(wallet(payment.party), refund.amount), ledger.Entry(held(payment), -refund.amount)]
    ledger.post(tx, kind="refund_reserve", reference=str(refund.id), entries=entries, now=now)
