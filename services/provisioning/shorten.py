from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from services import subscriptions
from services.provisioning.models import AccessGrantRow


def shorten(tx: Session, event: subscriptions.SubscriptionShortened, _now: datetime) -> None:
    """The grants of a subscription end when it does. Servers are told at the end itself (`withdraw`)."""
    own = update(AccessGrantRow).where(AccessGrantRow.subscription_id == event.subscription_id)
    tx.execute(own.values(ends_at=event.ends_at))
