"""Payouts as others see them: without phones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.platform.money import Money
from services.receipts.payouts.errors import PayoutNotFound
from services.receipts.payouts.models import PayoutRow


@dataclass(frozen=True, slots=True)
class Payout:
    """As of one moment; the words are those of models.PayoutRow. `sent_at` is the last call, or the export."""

    id: int
    receipt_id: int
    party: str
    campaign: str
    provider: str
    state: str
    amount: Money
    code: str | None
    external_id: str | None
    attempt: int
    contradiction: str | None
    created_at: datetime
    changed_at: datetime
    sent_at: datetime | None


def payout(tx: Session, payout_id: int) -> Payout:
    """Raises PayoutNotFound."""
    row = tx.get(PayoutRow, payout_id, populate_existing=True) if 0 < payout_id < 2**63 else None
    if row is None:
        raise PayoutNotFound(f"payout {payout_id}")
    return _seen(row)


def payout_of(tx: Session, receipt_id: int) -> Payout | None:
    """The one of this receipt."""
    row = tx.scalar(select(PayoutRow).where(PayoutRow.receipt_id == receipt_id))
    return _seen(row) if row else None


def list_payouts(
    tx: Session, *, states: Collection[str] = (), provider: str | None = None, limit: int = 50
) -> list[Payout]:
    """The newest first; all states where none is named."""
    wanted = select(PayoutRow).order_by(PayoutRow.id.desc()).limit(limit)
    if states:
        wanted = wanted.where(PayoutRow.state.in_(states))
    if provider:
        wanted = wanted.where(PayoutRow.provider == provider)
    return [_seen(row) for row in tx.scalars(wanted)]


def counts(tx: Session) -> dict[tuple[str, str], int]:
    """How many, by (provider, state)."""
    counted = select(PayoutRow.provider, PayoutRow.state, func.count()).group_by(PayoutRow.provider, PayoutRow.state)
    return {(provider, state): count for provider, state, count in tx.execute(counted)}


def _seen(row: PayoutRow) -> Payout:
    return Payout(
        id=row.id,
        receipt_id=row.receipt_id,
        party=row.party,
        campaign=row.campaign,
        provider=row.provider,
        state=row.state,
        amount=row.amount,
        code=row.code,
        external_id=row.external_id,
        attempt=row.attempt,
        contradiction=row.contradiction,
        created_at=row.created_at,
        changed_at=row.changed_at,
        sent_at=row.sent_at,
    )
