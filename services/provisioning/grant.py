from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import subscriptions
from services.platform.db import Database
from services.platform.errors import KioskError
from services.platform.outbox import emit
from services.provisioning.events import AccessDelayed, AccessGranted
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Provisioner

Provisioners = Mapping[str, Provisioner]


def grant(db: Database, event: subscriptions.SubscriptionExtended, now: datetime, provisioners: Provisioners) -> None:
    """Delivers what the subscription is owed, as it stands now. Repeating it repairs, and announces nothing new. A
    failure is raised after the buyer was told, once, that it takes longer."""
    with db.begin() as tx:
        subscription = subscriptions.subscription(tx, event.subscription_id)
        if not subscription.is_on:
            return  # it ended, or was paused, while this was waiting
        for kind in subscription.terms.access:
            _ensure(tx, subscription, kind, now)
    for kind in subscription.terms.access:
        try:
            with db.begin() as tx:
                row = _locked(tx, subscription.id, kind)
                provisioners[kind].reserve(tx, row.id, subscription.terms.locations, now)
            provisioners[kind].apply(db, row.id, now)
        except KioskError as error:
            with db.begin() as tx:
                _tell_of_delay(tx, _locked(tx, subscription.id, kind), error, now)
            raise
        with db.begin() as tx:
            _announce(tx, _locked(tx, subscription.id, kind), event, provisioners[kind], now)


def withdraw(
    db: Database,
    event: subscriptions.SubscriptionExpired | subscriptions.SubscriptionPaused,
    now: datetime,
    provisioners: Provisioners,
) -> None:
    """Ends what an expired or paused subscription had; one that goes on meanwhile keeps it."""
    ended = []
    with db.begin() as tx:
        if subscriptions.subscription(tx, event.subscription_id).is_on:
            return
        rows = select(AccessGrantRow).where(AccessGrantRow.subscription_id == event.subscription_id)
        for row in tx.scalars(rows.with_for_update()):
            row.state = "ended"
            provisioners[row.kind].release(tx, row.id, now)
            ended.append((row.kind, row.id))
    for kind, grant_id in ended:
        provisioners[kind].apply(db, grant_id, now)


def _ensure(tx: Session, subscription: subscriptions.Subscription, kind: str, now: datetime) -> None:
    row = insert(AccessGrantRow).values(
        subscription_id=subscription.id,
        party=str(subscription.party),
        kind=kind,
        state="preparing",
        ends_at=subscription.access_until,
        created_at=now,
    )
    tx.execute(row.on_conflict_do_nothing())
    known = _locked(tx, subscription.id, kind)
    known.ends_at = subscription.access_until
    if known.state == "ended":
        known.state = "preparing"


def _locked(tx: Session, subscription_id: int, kind: str) -> AccessGrantRow:
    own = select(AccessGrantRow).where(AccessGrantRow.subscription_id == subscription_id, AccessGrantRow.kind == kind)
    return tx.scalars(own.with_for_update()).one()


def _tell_of_delay(tx: Session, row: AccessGrantRow, error: KioskError, now: datetime) -> None:
    if row.state == "preparing" and row.delayed_at is None:
        row.delayed_at = now
        delayed = AccessDelayed(
            grant_id=row.id, subscription_id=row.subscription_id, party=row.party, reason=error.code, since=now
        )
        emit(tx, delayed, now)


def _announce(
    tx: Session,
    row: AccessGrantRow,
    event: subscriptions.SubscriptionExtended,
    provisioner: Provisioner,
    now: datetime,
) -> None:
    if row.state == "ended":
        return  # it expired between the push and here: the withdrawal has the last word
    key = provisioner.reveal(tx, row.id).key
    fresh = row.announced_key != key
    row.state, row.ready_at, row.delayed_at, row.announced_key = "ready", now, None, key
    news = AccessGranted(
        grant_id=row.id,
        subscription_id=row.subscription_id,
        invoice_id=event.invoice_id,
        party=row.party,
        fresh=fresh,
        ends_at=event.ends_at,
        cause=event.cause,
        change_id=event.change_id,
    )
    emit(tx, news, now)
