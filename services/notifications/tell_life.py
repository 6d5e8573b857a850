"""From the events of a subscription's life to messages, as in tell.py."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services import identity, subscriptions
from services.notifications.tell import queue


def tell_paused(tx: Session, event: subscriptions.SubscriptionPaused, now: datetime) -> None:
    _tell(tx, event.party, "paused", event.change_id, event.subscription_id, now)


def tell_canceled(tx: Session, event: subscriptions.SubscriptionCanceled, now: datetime) -> None:
    _tell(tx, event.party, "canceled", event.change_id, event.subscription_id, now)


def _tell(tx: Session, party: str, kind: str, change_id: int, subscription_id: int, now: datetime) -> None:
    owner = identity.Party.parse(party)
    if owner.kind == "user":
        person = identity.user(tx, owner.id).telegram_id
        queue(tx, person, kind, f"{kind}:change:{change_id}", {"subscription_id": subscription_id}, now)
