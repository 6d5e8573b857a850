"""Who is told of ends, and of renewals without their doing. Runs in the event's transaction; nothing is sent here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services import subscriptions
from services.notifications.tell import tell


def tell_renewal_ahead(tx: Session, event: subscriptions.RenewalAhead, now: datetime) -> None:
    """The charge waits until this has left (messages.AFTER_SENDING)."""
    params = {
        "subscription_id": event.subscription_id,
        "ends_at": event.ends_at.isoformat(),
        "charge_id": event.charge_id,
        "charge_at": event.charge_at.isoformat(),
        "announced_at": event.announced_at.isoformat(),
    }
    about = f"renewal_ahead:{event.charge_id}:{event.announced_at.isoformat()}"
    tell(tx, event.party, "renewal_ahead", about, params, now)


def tell_renewal_on(tx: Session, event: subscriptions.RenewalTurnedOn, now: datetime) -> None:
    """Whoever turned it on by hand has seen it."""
    if event.cause != "user":
        about = f"renewal_on:{event.subscription_id}:{now.isoformat()}"
        tell(tx, event.party, "renewal_on", about, {"subscription_id": event.subscription_id}, now)


def tell_renewal_off(tx: Session, event: subscriptions.RenewalTurnedOff, now: datetime) -> None:
    if not event.told:
        params = {"subscription_id": event.subscription_id, "cause": event.cause}
        about = f"renewal_off:{event.subscription_id}:{event.at.isoformat()}"
        tell(tx, event.party, "renewal_off", about, params, now)


def tell_reminder(tx: Session, event: subscriptions.ReminderDue, now: datetime) -> None:
    ends_at = event.ends_at.isoformat()
    params = {"subscription_id": event.subscription_id, "ends_at": ends_at, "kind": event.kind}
    tell(tx, event.party, "reminder", f"reminder:{event.kind}:{event.subscription_id}:{ends_at}", params, now)


def tell_grace(tx: Session, event: subscriptions.GraceBegan, now: datetime) -> None:
    ends_at = event.ends_at.isoformat()
    params = {"subscription_id": event.subscription_id, "ends_at": ends_at, "until": event.until.isoformat()}
    tell(tx, event.party, "grace", f"grace:{event.subscription_id}:{ends_at}", params, now)
