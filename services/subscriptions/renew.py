"""The renewal at one end: announced to its owner, and looked at again in the moment of its charge."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, literal_column, select
from sqlalchemy.orm import Session

from services import billing
from services.catalog import Quote
from services.identity import Party
from services.platform.outbox import emit
from services.subscriptions.events import RenewalAhead
from services.subscriptions.expire import NEXT
from services.subscriptions.journal import known, own, renewal_purpose
from services.subscriptions.models import ReminderRow, RenewalRow, SubscriptionRow
from services.subscriptions.notice import (
    AFTER_TELLING,
    IN_FORCE,
    RENEWAL,
    TOLD_FROM,
    can_pay,
    first_try,
    is_short,
    notice_of,
    renewal_on,
)
from services.subscriptions.renewals import subscription_of, todays, turn_off
from services.subscriptions.views import seen

BATCH = 200


def announce_renewals(tx: Session, now: datetime, limit: int = BATCH) -> int:
    """Prepares the charges of the subscriptions that end within 72 hours, and has their owners told; each end once.
    Returns how many it looked at: at most `limit`."""
    said = exists().where(
        ReminderRow.subscription_id == SubscriptionRow.id,
        ReminderRow.kind == RENEWAL,
        ReminderRow.ends_at == SubscriptionRow.ends_at,
    )
    on = exists().where(
        RenewalRow.subscription_id == SubscriptionRow.id,
        RenewalRow.turned_off_at.is_(None),
        RenewalRow.by.in_(("card", "balance")),
    )
    # The state stands there as text, so that any plan may use the partial index "subscriptions_due".
    due = select(SubscriptionRow).where(literal_column("subscriptions.state = 'active'"), now < NEXT)
    due = due.where(now + TOLD_FROM >= NEXT, on, ~said).order_by(NEXT).limit(limit)
    locked = due.with_for_update(of=SubscriptionRow, skip_locked=True)
    rows = tx.scalars(locked.execution_options(populate_existing=True)).all()
    for row in rows:
        _announce(tx, row, now)
    return len(rows)


def why_not_to_charge(tx: Session, purpose: str, now: datetime) -> str | None:
    """Looks again in the transaction which begins a try: a word why it must not be made. None: it may, or it is not a
    renewal."""
    subscription_id = subscription_of(purpose)
    if subscription_id is None:
        return None
    row = own(tx, Party.parse(tx.get_one(SubscriptionRow, subscription_id).party), subscription_id)
    if renewal_purpose(row.id, row.ends_at) != purpose:
        return "extended"
    renewal, notice = renewal_on(tx, row), notice_of(tx, row)
    if row.state not in IN_FORCE:
        return row.state
    if renewal is None:
        return "turned_off"
    if notice is None or notice.told_at is None or now < notice.told_at + AFTER_TELLING:
        return "not_told"
    if is_paid_already(tx, row, notice.at):
        return "extended"
    if todays(tx, row, renewal.currency) is None:
        turn_off(tx, row, renewal, now, cause="withdrawn")
        return "withdrawn"
    return None


def is_paid_already(tx: Session, row: SubscriptionRow, since: datetime) -> bool:
    """Its owner has paid meanwhile, and the time that was bought is on its way."""
    paid = billing.invoices_paid_since(tx, Party.parse(row.party), since)
    return any(
        one.quote.product == row.product
        and one.quote.purpose in ("subscription", "change")
        and not known(tx, invoice_id=one.id)
        for one in paid
    )


def renewal_notice_holds(
    tx: Session, subscription_id: int, ends_at: datetime, announced_at: datetime, charge_id: int
) -> bool:
    """Whether what a notice says will still happen."""
    row = tx.get_one(SubscriptionRow, subscription_id)
    notice = notice_of(tx, row)
    charge = billing.charge_of(tx, renewal_purpose(row.id, row.ends_at))
    return (
        (row.ends_at, row.state) == (ends_at, "active")
        and renewal_on(tx, row) is not None
        and notice is not None
        and (notice.at, notice.why_not) == (announced_at, None)
        and charge is not None
        and (charge.id, charge.state) == (charge_id, "due")
    )


def _announce(tx: Session, row: SubscriptionRow, now: datetime) -> None:
    renewal = renewal_on(tx, row)
    if renewal is None:
        return  # turned off while we waited
    if not can_pay(tx, row.party, renewal):
        turn_off(tx, row, renewal, now, cause="card_forgotten")
        return
    quote = todays(tx, row, renewal.currency)
    if quote is None:
        turn_off(tx, row, renewal, now, cause="withdrawn")
        return
    notice = ReminderRow(subscription_id=row.id, kind=RENEWAL, ends_at=row.ends_at, at=now)
    notice.why_not = why_not_this_time(row, quote, now)
    tx.add(notice)
    if notice.why_not is None:
        _hold(tx, row, renewal, quote, now)


def why_not_this_time(row: SubscriptionRow, quote: Quote, now: datetime) -> str | None:
    """Announced now, it could not be charged in time, or its tokens pay for it."""
    if Quote.from_json(row.terms).subscription_fee:
        return "tokens"
    if is_short(quote, row.ends_at) or is_short(Quote.from_json(row.terms), row.ends_at):
        return "short_period"
    return "too_late" if first_try(row.ends_at, now) >= seen(row).access_until else None


def _hold(tx: Session, row: SubscriptionRow, renewal: RenewalRow, quote: Quote, now: datetime) -> None:
    """The charge at today's price, which waits until its owner was told."""
    purpose, until = renewal_purpose(row.id, row.ends_at), seen(row).access_until
    party = Party.parse(row.party)
    charge_id = billing.start_charge(
        tx, party=party, purpose=purpose, method_id=renewal.method_id, quote=quote, now=now, held=True, until=until
    )
    billing.resume_charge(tx, purpose, renewal.method_id, None, now)
    news = RenewalAhead(
        subscription_id=row.id,
        party=row.party,
        ends_at=row.ends_at,
        charge_id=charge_id,
        charge_at=first_try(row.ends_at, now),
        announced_at=now,
    )
    emit(tx, news, now)
