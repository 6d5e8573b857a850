from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from services import provisioning
from services.notifications.tell import tell, tell_admins


def tell_sale_undone(tx: Session, event: provisioning.SaleUndone, now: datetime, admins: Sequence[int]) -> None:
    """Once for an order, however many goods it had."""
    params = {
        "subscription_id": event.subscription_id,
        "payment_id": event.payment_id,
        "grant_id": event.grant_id,
        "refund_id": event.refund_id,
        "why_not": event.why_not,
    }
    about = f"sold_out:invoice:{event.invoice_id}"
    tell(tx, event.party, "sold_out", about, params, now)
    tell_admins(tx, admins, "admin_sold_out", about, {**params, "party": event.party}, now)
