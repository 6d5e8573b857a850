"""What will be charged, of whom and when, by the rules that charge: it reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, literal, literal_column, select, tuple_
from sqlalchemy.orm import Session

from services import billing, identity
from services.identity import Party
from services.platform.money import Money
from services.subscriptions.ending import next_decent
from services.subscriptions.expire import NEXT
from services.subscriptions.journal import renewal_purpose
from services.subscriptions.models import ReminderRow, RenewalRow, SubscriptionRow
from services.subscriptions.notice import IN_FORCE, TOLD_FROM, can_pay, first_try, notice_of, renewal_on
from services.subscriptions.renew import is_paid_already, why_not_this_time
from services.subscriptions.renewals import todays
from services.subscriptions.views import SubscriptionNotFound

BATCH = 500
RUNNING: ColumnElement[bool] = literal_column("subscriptions.state IN ('trial', 'active', 'canceled')")


@dataclass(frozen=True, slots=True)
class Foreseen:
    """`charge_at` and `price` where it will be charged (by: card or balance, `card` the card's title), else `why_not`:

    trial, canceled, paused, expired   its state
    off, provider                      renewal is off; a provider renews it itself
    no_card, withdrawn, short_period   the card cannot be charged; the tariff is not sold; the period is too short
    tokens                             its fee is taken from tokens
    unreachable                        its owner cannot be told
    paid                               it is paid already
    too_late                           its owner cannot be told a day before
    any other                          why the charge at this end was stopped (billing's words, "turned_off")"""

    subscription_id: int
    party: str
    ends_at: datetime
    by: str | None = None
    card: str | None = None
    charge_at: datetime | None = None
    price: Money | None = None
    why_not: str | None = None


def forecast(tx: Session, until: datetime, now: datetime, time_zone: str) -> Iterator[Foreseen]:
    """Of every live subscription whose end, as it is now, comes until then; those that stand still last."""
    for which in (
        and_(RUNNING, until >= NEXT),
        and_(literal_column("subscriptions.state = 'grace'"), SubscriptionRow.ends_at <= until),
        and_(literal_column("subscriptions.state = 'paused'"), SubscriptionRow.ends_at <= until),
    ):
        for row in _rows(tx, which):
            yield _foresee(tx, row, now, time_zone)


def foresee(tx: Session, party: Party, subscription_id: int, now: datetime, time_zone: str) -> Foreseen:
    """Of one's own. Raises SubscriptionNotFound."""
    row = tx.get(SubscriptionRow, subscription_id)
    if row is None or row.party != str(party):
        raise SubscriptionNotFound(f"subscription {subscription_id} of {party}")
    return _foresee(tx, row, now, time_zone)


def _rows(tx: Session, which: ColumnElement[bool]) -> Iterator[SubscriptionRow]:
    """In pages by end: millions do not fit into memory."""
    page = select(SubscriptionRow).where(which).order_by(NEXT, SubscriptionRow.id).limit(BATCH)
    rows = tx.scalars(page).all()
    while rows:
        yield from rows
        last = rows[-1]
        beyond = tuple_(NEXT, SubscriptionRow.id) > tuple_(
            literal(last.grace_ends_at or last.ends_at), literal(last.id)
        )
        after = page.where(beyond)
        tx.expunge_all()
        rows = tx.scalars(after).all()


def _foresee(tx: Session, row: SubscriptionRow, now: datetime, time_zone: str) -> Foreseen:
    seen = Foreseen(row.id, row.party, row.ends_at)
    renewal, notice = renewal_on(tx, row), notice_of(tx, row)
    if row.state not in IN_FORCE:
        return replace(seen, why_not=row.state)
    if renewal is None:
        return replace(seen, why_not="off")
    seen = replace(seen, by=renewal.by, card=_title(tx, renewal, row.party))
    if renewal.by == "provider":
        return replace(seen, why_not="provider")
    if notice is not None:
        return _announced(tx, seen, row, renewal, notice, now)
    return _unannounced(tx, seen, row, renewal, now, time_zone)


def _announced(
    tx: Session, seen: Foreseen, row: SubscriptionRow, renewal: RenewalRow, notice: ReminderRow, now: datetime
) -> Foreseen:
    charge = billing.charge_of(tx, renewal_purpose(row.id, row.ends_at))
    if notice.why_not is not None or charge is None:
        return replace(seen, why_not=notice.why_not or "not_told")
    if charge.state == "paid" or is_paid_already(tx, row, notice.at):
        return replace(seen, why_not="paid")
    if charge.state == "stopped":
        return replace(seen, why_not=charge.reason or "stopped")
    at = charge.next_at or (now if charge.state == "sending" else first_try(row.ends_at, notice.at))
    if why_not := _obstacle(tx, row, renewal, is_told=notice.told_at is not None):
        return replace(seen, why_not=why_not)
    return replace(seen, charge_at=at, price=billing.invoice(tx, charge.invoice_id).amount)


def _unannounced(
    tx: Session, seen: Foreseen, row: SubscriptionRow, renewal: RenewalRow, now: datetime, time_zone: str
) -> Foreseen:
    quote = todays(tx, row, renewal.currency)
    why_not = _obstacle(tx, row, renewal, is_told=False) or ("withdrawn" if quote is None else None)
    if why_not or quote is None:
        return replace(seen, why_not=why_not)
    announced = next_decent(max(now, row.ends_at - TOLD_FROM), time_zone)
    if row.state != "active" or announced >= row.ends_at:
        return replace(seen, why_not="too_late")
    if why_not := why_not_this_time(row, quote, announced):
        return replace(seen, why_not=why_not)
    return replace(seen, charge_at=first_try(row.ends_at, announced), price=quote.price)


def _obstacle(tx: Session, row: SubscriptionRow, renewal: RenewalRow, *, is_told: bool) -> str | None:
    if not can_pay(tx, row.party, renewal):
        return "no_card"
    if todays(tx, row, renewal.currency) is None:
        return "withdrawn"
    party = Party.parse(row.party)
    if not is_told and not (party.kind == "user" and identity.user(tx, party.id).reachable):
        return "unreachable"
    return None


def _title(tx: Session, renewal: RenewalRow, party: str) -> str | None:
    own = billing.methods_of(tx, Party.parse(party)) if renewal.by == "card" else []
    return next((one.title for one in own if one.id == renewal.method_id), None)
