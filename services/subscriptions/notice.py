"""When a renewal is told, when it is charged, and how its charge waits for that.

told     from 72 hours before the end, at a decent hour: at night it waits for the morning, so by 60 hours before
charged  30 hours before the end, and not within 24 hours of being told; a second try 24 hours later is still in time, a
         third, 48 hours after that, only where a period of grace lasts so long. No try begins after access has ended"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services import billing
from services.catalog import Quote
from services.identity import Party
from services.subscriptions.journal import renewal_purpose, take_turns
from services.subscriptions.models import ReminderRow, RenewalRow, SubscriptionRow

TOLD_FROM = timedelta(hours=72)
CHARGED_FROM = timedelta(hours=30)
AFTER_TELLING = timedelta(hours=24)
ON_ITS_WAY = timedelta(hours=1)  # what a notice may need to arrive without moving the charge it speaks of
SHORTEST = timedelta(days=3)  # shorter periods are over too soon to be told of, and do not renew by themselves
RENEWAL = "renewal"
IN_FORCE = ("active", "grace")


def first_try(ends_at: datetime, announced_at: datetime) -> datetime:
    return max(ends_at - CHARGED_FROM, announced_at + AFTER_TELLING + ON_ITS_WAY)


def is_short(terms: Quote, ends_at: datetime) -> bool:
    return terms.period.length(ends_at) < SHORTEST


def notice_of(tx: Session, row: SubscriptionRow, ends_at: datetime | None = None) -> ReminderRow | None:
    """What was said about the renewal at its present end, or at `ends_at`."""
    return tx.get(ReminderRow, (row.id, RENEWAL, ends_at or row.ends_at), populate_existing=True)


def renewal_on(tx: Session, row: SubscriptionRow) -> RenewalRow | None:
    """None while it is off."""
    found = tx.get(RenewalRow, row.id, populate_existing=True)
    return found if found is not None and found.turned_off_at is None else None


def can_pay(tx: Session, party: str, renewal: RenewalRow) -> bool:
    """Whether its card may be charged. The balance is looked at when it is."""
    own = billing.methods_of(tx, Party.parse(party)) if renewal.by == "card" else []
    return renewal.by != "card" or any(one.id == renewal.method_id for one in own)


def note_told(tx: Session, subscription_id: int, ends_at: datetime, announced_at: datetime, now: datetime) -> None:
    """The notice has surely left: from a day later on its charge may be made. What is no longer so is not charged."""
    row = tx.get(SubscriptionRow, subscription_id)
    if row is None:
        return
    take_turns(tx, row.party, row.product)
    tx.refresh(row, with_for_update=True)
    notice = notice_of(tx, row, ends_at)
    if notice is None or notice.at != announced_at or notice.told_at is not None:
        return
    notice.told_at = now
    if row.ends_at == ends_at:
        go_on(tx, row, now)


def go_on(tx: Session, row: SubscriptionRow, now: datetime, *, other_way: bool = False) -> None:
    """Plans the charge at the present end anew, after whatever had stopped it, or lets it be announced again where it
    was not told. `other_way`: it was told of another card than is to be charged now. The caller holds the row."""
    renewal, notice = renewal_on(tx, row), notice_of(tx, row)
    if renewal is None or notice is None or row.state not in IN_FORCE or renewal.by == "provider":
        return
    if notice.told_at is None:
        tx.delete(notice)
        tx.flush()
        return
    if not can_pay(tx, row.party, renewal):
        return
    charge = billing.charge_of(tx, renewal_purpose(row.id, row.ends_at))
    if charge is None or billing.invoice(tx, charge.invoice_id).amount.currency != renewal.currency:
        notice.why_not = "other_currency"
        return
    told_enough = (now if other_way else notice.told_at) + AFTER_TELLING
    at = max(first_try(row.ends_at, notice.at), told_enough, now)
    billing.resume_charge(tx, charge.purpose, renewal.method_id, at, now)
