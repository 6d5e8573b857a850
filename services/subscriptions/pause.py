from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.identity import Party
from services.platform.outbox import emit
from services.subscriptions.events import SubscriptionCanceled, SubscriptionPaused
from services.subscriptions.extend import announce, resume_row
from services.subscriptions.journal import own, write
from services.subscriptions.notice import go_on
from services.subscriptions.states import NotNow


def pause(tx: Session, party: Party, subscription_id: int, now: datetime, *, cause: str = "user") -> None:
    """Stops the clock of a paid subscription and its access; what is left stays to the second. Raises
    SubscriptionNotFound or NotNow."""
    row = own(tx, party, subscription_id)
    if row.ends_at <= now:
        raise NotNow("it has ended")
    line = write(tx, row, "paused", now, happens="paused", cause=cause)
    row.paused_at = now
    news = SubscriptionPaused(subscription_id=row.id, party=row.party, ends_at=row.ends_at, change_id=line)
    emit(tx, news, now)


def resume(tx: Session, party: Party, subscription_id: int, now: datetime, *, cause: str = "user") -> None:
    """Goes on with exactly the time that was left. Raises SubscriptionNotFound or NotNow."""
    row = own(tx, party, subscription_id)
    line = resume_row(tx, row, now, cause=cause)
    announce(tx, row, now, cause="resume", line=line)


def cancel(tx: Session, party: Party, subscription_id: int, now: datetime, *, cause: str = "user") -> datetime:
    """It runs to its end, which is returned, and is not renewed: a charge that was planned is not made. Raises
    SubscriptionNotFound or NotNow."""
    row = own(tx, party, subscription_id)
    line = write(tx, row, "canceled", now, happens="canceled", cause=cause)
    emit(tx, SubscriptionCanceled(subscription_id=row.id, party=row.party, ends_at=row.ends_at, change_id=line), now)
    return row.ends_at


def keep(tx: Session, party: Party, subscription_id: int, now: datetime, *, cause: str = "user") -> None:
    """Takes a cancellation back while it runs: where it renewed by itself, it does again. Raises SubscriptionNotFound
    or NotNow."""
    row = own(tx, party, subscription_id)
    if row.ends_at <= now:
        raise NotNow("it has ended")
    write(tx, row, "kept", now, happens="kept", cause=cause)
    go_on(tx, row, now)
