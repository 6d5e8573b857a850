"""Ordering a refund: one row, one line in the audit, and it goes on by itself."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import identity, ledger
from services.billing.accounts import held, wallet
from services.billing.events import RefundRequested
from services.billing.fiscal import receipt
from services.billing.models import PaymentRow, RefundChangeRow, RefundRow
from services.billing.providers.base import PaymentProvider, RefundOrder
from services.billing.refund_booking import book_refund
from services.billing.refund_plan import Access, Destination, RefundPlan, plan_for
from services.billing.transitions import lock, move_refund
from services.platform import audit
from services.platform.money import Money
from services.platform.outbox import emit


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
    plan = plan_for(tx, provider, invoice, payment, amount, access, destination)
    row = _insert(tx, provider, payment, plan, reason, actor, now, reference)
    if payment.decided == "keep" and destination == "provider":
        _reserve(tx, payment, row, now)
    if payment.decision is not None and payment.decided is None and plan.full:
        payment.decided = "refund"
    if destination == "balance":
        row.external_id = str(row.key)
        move_refund(tx, row, "sending", now, actor)
        move_refund(tx, row, "succeeded", now, actor)
        book_refund(tx, invoice, payment, row, now)
    else:
        emit(tx, RefundRequested(refund_id=row.id), now)
    return row.id


def _insert(
    tx: Session,
    provider: PaymentProvider,
    payment: PaymentRow,
    plan: RefundPlan,
    reason: str,
    actor: str,
    now: datetime,
    reference: str | None,
) -> RefundRow:
    key, through = uuid.uuid4(), plan.destination == "provider"
    row = RefundRow(
        payment_id=payment.id,
        party=payment.party,
        provider=payment.provider if through else "balance",
        destination=plan.destination,
        state="requested",
        amount_minor=plan.amount.minor,
        currency=plan.amount.currency,
        key=key,
        reference=reference,
        request=_request(tx, provider, payment, plan, key) if through else {},
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
    detail = {"amount": str(plan.amount), "currency": plan.amount.currency, "reason": row.reason}
    detail |= {"to": plan.destination, "access": plan.access}
    audit.record(tx, actor=actor, action="payment.refund", subject=f"payment:{payment.id}", now=now, **detail)
    return row


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
