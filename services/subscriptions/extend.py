from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import billing
from services.platform.outbox import emit
from services.subscriptions.events import SubscriptionExtended
from services.subscriptions.models import SubscriptionChangeRow, SubscriptionRow


def extend_after_payment(tx: Session, event: billing.InvoicePaid, now: datetime) -> None:
    """Gives what a paid invoice bought: max(now, end) plus its period. The same invoice again changes nothing."""
    invoice = billing.invoice(tx, event.invoice_id)
    quote = invoice.quote
    # Two first purchases at once would both find no subscription: one party's extensions of a product take turns.
    tx.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"subscription:{event.party}:{quote.product}", 0)))
    )
    if tx.scalar(select(SubscriptionChangeRow.id).where(SubscriptionChangeRow.invoice_id == event.invoice_id)):
        return
    own = select(SubscriptionRow).where(SubscriptionRow.party == event.party, SubscriptionRow.product == quote.product)
    row = tx.scalar(own.order_by(SubscriptionRow.id.desc()).limit(1).with_for_update())
    ended_at = row.ends_at if row else None
    if row is None:
        row = SubscriptionRow(party=event.party, product=quote.product, state="active", started_at=now, ends_at=now)
        tx.add(row)
    if row.ends_at <= now:  # begins, or begins anew after a lapse: its months end on today's day from here on
        row.started_at, row.anchor_day = now, now.day
    row.state = "active"  # also when a sweep on a machine whose clock is ahead has just ended it
    row.ends_at = quote.period.after(max(now, row.ends_at), row.anchor_day)
    if quote.period.unit != "month":  # hours and days move the day on which later months end
        row.anchor_day = row.ends_at.day
    row.terms = quote.to_json()
    tx.flush()
    tx.add(
        SubscriptionChangeRow(
            subscription_id=row.id,
            at=now,
            kind="extended" if ended_at else "began",
            invoice_id=event.invoice_id,
            ended_at=ended_at,
            ends_at=row.ends_at,
        )
    )
    news = SubscriptionExtended(
        subscription_id=row.id, invoice_id=event.invoice_id, party=event.party, ends_at=row.ends_at
    )
    emit(tx, news, now)
