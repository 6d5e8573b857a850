"""What is wanted of a subscription's grants is a function of the subscription as it stands now: whatever happened, and
in whichever order that is heard of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import billing, catalog, subscriptions
from services.provisioning.grants import read, tell_sold_out, touch
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Capability, OutOfStock, Provisioners

Ending = subscriptions.SubscriptionExpired | subscriptions.SubscriptionPaused | subscriptions.SubscriptionShortened

# What begins a period of its own, with traffic of its own. Days on top and changes of tariff do not.
NEW_PERIOD = ("payment", "trial", "gift", "fee")


def grant(tx: Session, event: subscriptions.SubscriptionExtended, now: datetime, provisioners: Provisioners) -> None:
    """Each good of the terms in force is wanted until the end; what earlier terms gave is not any more. What a paid
    order needs of what is scarce is taken here, in one transaction: all of it or, where something is sold out,
    nothing."""
    subscription = subscriptions.subscription(tx, event.subscription_id)
    if not subscription.is_on:
        return  # it ended, or was paused, while this was waiting
    rows = _rows(tx, subscription.id)
    goods = {name: catalog.good(tx, name) for name in subscription.terms.access}
    spare = [row for name, row in rows.items() if name not in goods]
    wanted, fresh = [], []
    for name, good in goods.items():
        row = rows.get(name) or _taken_over(spare, good, provisioners)
        if row is None or row.wanted != "active" or row.sold_out_at is not None:
            row = row or _new(tx, subscription, good, now)
            fresh.append(row)
        row.good, row.wanted, row.ends_at = name, "active", subscription.access_until
        row.usage_epoch += event.cause in NEW_PERIOD
        wanted.append(row)
    if event.invoice_id and (missing := _reserve_all(tx, wanted, now, provisioners)):
        for row in {*missing, *fresh}:
            row.sold_out_at, row.sold_out_invoice_id = now, event.invoice_id
        tell_sold_out(tx, missing[0], event.invoice_id, now)
    for row in wanted:
        if row.sold_out_invoice_id == event.invoice_id and row.sold_out_at is not None:
            continue
        if event.invoice_id or not is_going_back(tx, row):
            row.sold_out_at = row.sold_out_invoice_id = None
            touch(tx, row, now, cause=event.cause, change_id=event.change_id, invoice_id=event.invoice_id)
    for row in spare:
        if row.wanted != "ended":
            row.wanted, row.ends_at = "ended", now
            touch(tx, row, now, cause="change", change_id=event.change_id)


def withdraw(tx: Session, event: Ending, now: datetime) -> None:
    """Ends or suspends what an expired or paused subscription had, and brings ends nearer; one that goes on meanwhile
    keeps it."""
    subscription = subscriptions.subscription(tx, event.subscription_id)
    wanted = "active" if subscription.is_on else "suspended" if subscription.state == "paused" else "ended"
    for row in _rows(tx, subscription.id).values():
        if row.wanted == "ended" or (row.wanted, row.ends_at) == (wanted, subscription.access_until):
            continue
        row.wanted, row.ends_at = wanted, subscription.access_until
        if wanted == "ended" or not is_going_back(tx, row):
            row.sold_out_at = row.sold_out_invoice_id = None
        touch(tx, row, now, cause={"active": "shorten", "suspended": "suspend", "ended": "withdraw"}[wanted])


def is_going_back(tx: Session, row: AccessGrantRow) -> bool:
    """It was sold out, and its money is not all back yet: what arrives meanwhile is for others."""
    return row.sold_out_at is not None and not billing.is_given_back(tx, row.sold_out_invoice_id or 0)


def _rows(tx: Session, subscription_id: int) -> dict[str, AccessGrantRow]:
    own = select(AccessGrantRow).where(AccessGrantRow.subscription_id == subscription_id)
    rows = tx.scalars(own.order_by(AccessGrantRow.id).with_for_update())
    return {row.good: row for row in rows}


def _taken_over(spare: list[AccessGrantRow], good: catalog.Good, provisioners: Provisioners) -> AccessGrantRow | None:
    """A grant of the terms before, of the same kind, goes on as the new good: its owner keeps link and keys."""
    for row in spare:
        if row.kind == good.kind and Capability.MOVES in provisioners[good.kind].capabilities:
            spare.remove(row)
            return row
    return None


def _new(tx: Session, subscription: subscriptions.Subscription, good: catalog.Good, now: datetime) -> AccessGrantRow:
    row = AccessGrantRow(
        subscription_id=subscription.id,
        party=str(subscription.party),
        good=good.name,
        kind=good.kind,
        wanted="active",
        held="absent",
        ends_at=subscription.access_until,
        created_at=now,
        revision=0,
        applied_revision=0,
        generation=0,
        usage_epoch=0,
        ref={},
    )
    tx.add(row)
    tx.flush()
    return row


def _reserve_all(
    tx: Session, rows: Sequence[AccessGrantRow], now: datetime, provisioners: Provisioners
) -> list[AccessGrantRow]:
    """For all of them, or for none. Returns those for which nothing was left."""
    whole = tx.begin_nested()
    missing = [row for row in rows if not _reserve(tx, row, now, provisioners)]
    if missing:
        whole.rollback()
    else:
        whole.commit()
    return missing


def _reserve(tx: Session, row: AccessGrantRow, now: datetime, provisioners: Provisioners) -> bool:
    provisioner = provisioners.get(row.kind)
    if provisioner is None:
        return True  # nobody gives this kind here yet: that is a delay, and operators hear of it
    try:
        with tx.begin_nested():
            provisioner.reserve(tx, read(tx, row), now)
    except OutOfStock:
        return False
    return True
