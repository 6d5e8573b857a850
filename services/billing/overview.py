from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.billing.models import PaymentRow, ProviderSwitchRow, RefundRow
from services.billing.states import ON_ITS_WAY
from services.billing.views import Refund, refund


@dataclass(frozen=True, slots=True)
class Overview:
    """`undecided` payments wait for a person; `refunds` on their way, by state; `payments` begun since then, by
    (provider, state)."""

    undecided: int
    refunds: Mapping[str, int]
    payments: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """A provider that an operator has taken off the counter."""

    provider: str
    reason: str
    since: datetime


def overview(tx: Session, since: datetime) -> Overview:
    undecided = select(func.count()).where(PaymentRow.decision.is_not(None), PaymentRow.decided.is_(None))
    open_ones = select(RefundRow.state, func.count()).where(RefundRow.state.in_(ON_ITS_WAY)).group_by(RefundRow.state)
    begun = (
        select(PaymentRow.provider, PaymentRow.state, func.count())
        .where(PaymentRow.created_at >= since)
        .group_by(PaymentRow.provider, PaymentRow.state)
    )
    return Overview(
        undecided=int(tx.scalar(undecided) or 0),
        refunds={str(state): int(count) for state, count in tx.execute(open_ones)},
        payments={(str(provider), str(state)): int(count) for provider, state, count in tx.execute(begun)},
    )


def unknown_refunds(tx: Session, limit: int = 100) -> list[Refund]:
    """Those that no provider could tell about, oldest first: a person has to look."""
    ids = select(RefundRow.id).where(RefundRow.state == "unknown").order_by(RefundRow.id).limit(limit)
    return [refund(tx, refund_id) for refund_id in tx.scalars(ids).all()]


def switched_off(tx: Session) -> list[SwitchedOff]:
    rows = tx.scalars(select(ProviderSwitchRow).where(~ProviderSwitchRow.offered).order_by(ProviderSwitchRow.provider))
    return [SwitchedOff(row.provider, row.reason, row.changed_at) for row in rows]
