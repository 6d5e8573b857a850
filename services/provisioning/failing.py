"""What cannot be delivered, or taken back, for long: people hear of it once; it goes on being tried."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services import billing
from services.identity import Party
from services.platform import outbox
from services.platform.errors import Conflict
from services.platform.outbox import emit
from services.provisioning.events import GrantChanged
from services.provisioning.events_watch import AccessFailed, WithdrawalStuck
from services.provisioning.grants import own_row
from services.provisioning.models import AccessGrantRow
from services.provisioning.paid import paid_for

PATIENCE = timedelta(hours=72)  # of who has paid and got nothing
ALERT = timedelta(hours=1)  # who is out, and cannot be put out
MANY = 500  # in one run

Providers = Mapping[str, billing.PaymentProvider]


class AccessNotFailed(Conflict):
    """It was delivered meanwhile, or its money is not ours to give back."""

    code = "access_not_failed"


def announce_lost(tx: Session, now: datetime) -> int:
    """What is wanted and applied differ, and nobody is about to do anything about it: it is announced again."""
    row = AccessGrantRow
    lost = select(row).where(row.applied_revision < row.revision, row.sold_out_at.is_(None))
    rows = tx.scalars(lost.order_by(row.id).limit(MANY)).all()
    if not rows:
        return 0
    open_ones = {body["grant_id"] for body in outbox.unfinished(tx, GrantChanged.name, "provisioning.apply")}
    again = [
        GrantChanged(grant_id=row.id, revision=row.revision, cause="repair") for row in rows if row.id not in open_ones
    ]
    outbox.emit_all(tx, again, now)
    return len(again)


def watch_failing(tx: Session, now: datetime) -> int:
    """Emits AccessFailed for each grant that was paid and is not delivered after PATIENCE, WithdrawalStuck for each
    place that does not take access back."""
    return _offer_money_back(tx, now) + _tell_stuck(tx, now)


def refundable(tx: Session, party: Party, grant_id: int) -> billing.Payment | None:
    """The payment that its buyer may take back, because an own grant could not be delivered; None where that is over.
    Raises AccessNotFound."""
    row = own_row(tx, party, grant_id)
    if row.failed_at is None or row.ready_at is not None or row.wanted != "active":
        return None
    return paid_for(tx, row.subscription_id)


def take_money_back(tx: Session, providers: Providers, party: Party, grant_id: int, now: datetime) -> int:
    """Refunds the order of an own grant that could not be delivered, to the buyer's balance where its provider cannot
    give back; asked twice, once. Returns the refund's id. Raises AccessNotFound, AccessNotFailed, NotRefundable."""
    payment = refundable(tx, party, grant_id)
    if payment is None or payment.provider not in providers:
        raise AccessNotFailed(f"grant {grant_id}")
    ask = partial(
        billing.request_refund,
        tx,
        providers[payment.provider],
        payment.id,
        reason="the access was never delivered",
        actor=str(party),
        now=now,
        reference=f"not_delivered:{payment.id}",
    )
    try:
        with tx.begin_nested():
            return ask()
    except billing.CannotRefund:
        return ask(destination="balance")


def _offer_money_back(tx: Session, now: datetime) -> int:
    row = AccessGrantRow
    undelivered = select(row).where(
        row.failing_since <= now - PATIENCE,
        row.wanted == "active",
        row.barred.is_(None),
        row.ready_at.is_(None),
        row.failed_at.is_(None),
        row.sold_out_at.is_(None),
    )
    rows = tx.scalars(undelivered.order_by(row.id).limit(MANY).with_for_update(skip_locked=True)).all()
    for one in rows:
        one.failed_at = now
        payment = paid_for(tx, one.subscription_id)
        failed = AccessFailed(
            grant_id=one.id,
            subscription_id=one.subscription_id,
            payment_id=payment.id if payment else 0,
            party=one.party,
            kind=one.kind,
            place=one.place or "",
            reason=one.problem or "",
            since=one.failing_since or now,
        )
        emit(tx, failed, now)
    return len(rows)


def _tell_stuck(tx: Session, now: datetime) -> int:
    """One word for each place, however many are stuck there."""
    row = AccessGrantRow
    stuck = select(row).where(
        row.failing_since <= now - ALERT,
        or_(row.wanted != "active", row.barred.is_not(None)),
        row.held != "absent",
        row.alerted_at.is_(None),
    )
    rows = tx.scalars(stuck.order_by(row.id).limit(MANY).with_for_update(skip_locked=True)).all()
    for one in rows:
        one.alerted_at = now
    places = sorted(rows, key=_place)
    for (kind, place), group in groupby(places, key=_place):
        here = list(group)
        since = min(one.failing_since or now for one in here)
        first = here[0]
        told = WithdrawalStuck(
            kind=kind, place=place, grants=len(here), grant_id=first.id, reason=first.problem or "", since=since
        )
        emit(tx, told, now)
    return len(rows)


def _place(row: AccessGrantRow) -> tuple[str, str]:
    return row.kind, row.place or ""
