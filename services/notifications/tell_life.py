"""From the events of a subscription's life to messages, as in tell.py."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services import subscriptions
from services.notifications.tell import tell


def tell_paused(tx: Session, event: subscriptions.SubscriptionPaused, now: datetime) -> None:
    about = {"subscription_id": event.subscription_id}
    tell(tx, event.party, "paused", f"paused:change:{event.change_id}", about, now)


def tell_canceled(tx: Session, event: subscriptions.SubscriptionCanceled, now: datetime) -> None:
    about = {"subscription_id": event.subscription_id}
    tell(tx, event.party, "canceled", f"canceled:change:{event.change_id}", about, now)
