from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import billing
from services.platform.errors import TryLater
from services.subscriptions.give import cut
from services.subscriptions.journal import account_of, known, take_turns
from services.subscriptions.models import SubscriptionChangeRow, SubscriptionRow
from services.subscriptions.states import LIVE
from services.subscriptions.timeline import NOTHING, share


def shorten_after_refund(tx: Session, event: billing.PaymentRefunded, now: datetime) -> None:
    """Takes back the days of the refunded order, and only those; what other orders paid for moves up. Ends the
    subscription when nothing is left. The same refund again changes nothing. Raises TryLater while the order has not
    been given its days."""
    if not event.shorten or billing.invoice(tx, event.invoice_id).quote.purpose not in ("subscription", "change"):
        return
    if known(tx, refund_id=event.refund_id):
        return
    row = _of_invoice(tx, event.invoice_id)
    if row is None:
        raise TryLater(f"invoice {event.invoice_id} has not extended its subscription yet")
    portion = account_of(tx, row, now).portion(f"invoice:{event.invoice_id}")
    minor = event.of_minor if event.full else event.minor  # what is left of the days goes with the last of the money
    taken = share(portion, minor, event.of_minor) if portion else NOTHING
    if taken:
        cut(tx, row, taken, now, cause="refund", refund_id=event.refund_id)


def end_after_refund(
    tx: Session, invoice_id: int, minor: int, of_minor: int, now: datetime
) -> tuple[datetime, datetime] | None:
    """The end as it is and as it would be after a refund of `minor` of `of_minor` that takes the order's days. None
    when the invoice bought no time that is still running."""
    row = _of_invoice(tx, invoice_id)
    if row is None or row.state not in LIVE:
        return None
    portion = account_of(tx, row, now).portion(f"invoice:{invoice_id}")
    taken = share(portion, minor, of_minor) if portion else NOTHING
    return row.ends_at, max(row.ends_at - taken, row.paused_at or now)


def _of_invoice(tx: Session, invoice_id: int) -> SubscriptionRow | None:
    bought = select(SubscriptionRow).join(
        SubscriptionChangeRow, SubscriptionChangeRow.subscription_id == SubscriptionRow.id
    )
    row = tx.scalar(bought.where(SubscriptionChangeRow.invoice_id == invoice_id))
    if row is not None:
        take_turns(tx, row.party, row.product)
        tx.refresh(row, with_for_update=True)
    return row
