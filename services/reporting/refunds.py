from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services import billing, ledger, subscriptions
from services.platform.money import Money


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """`plan` is what happens to the money. `ends_at` and `would_end_at` are the subscription's end now and after; both
    None where no time is taken. `rewards` go back from whoever got them, by account. The buyer is always told."""

    plan: billing.RefundPlan
    ends_at: datetime | None
    would_end_at: datetime | None
    rewards: tuple[tuple[str, Money], ...]


def preview_refund(
    tx: Session,
    provider: billing.PaymentProvider,
    payment_id: int,
    *,
    amount: Money | None = None,
    access: billing.Access | None = None,
    destination: billing.Destination = "provider",
    now: datetime,
) -> RefundPreview:
    """All that a refund would do, without doing it. Raises as billing.plan_refund."""
    plan = billing.plan_refund(tx, provider, payment_id, amount=amount, access=access, destination=destination)
    ends = None
    if plan.access == "shorten":
        minor = plan.received.minor if plan.full else plan.amount.minor
        ends = subscriptions.end_after_refund(tx, plan.invoice_id, minor, plan.received.minor, now)
    given: list[ledger.Entry] = billing.rewards_of(tx, plan.invoice_id) if plan.full and plan.applied else []
    return RefundPreview(
        plan=plan,
        ends_at=ends[0] if ends else None,
        would_end_at=ends[1] if ends else None,
        rewards=tuple((entry.account, -entry.amount) for entry in given),
    )
