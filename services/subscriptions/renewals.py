"""Whether a subscription renews by itself, and from what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import billing, catalog
from services.catalog import Quote
from services.identity import Party
from services.platform.errors import Conflict
from services.platform.outbox import emit
from services.subscriptions.events import RenewalTurnedOff, RenewalTurnedOn
from services.subscriptions.journal import own, renewal_purpose
from services.subscriptions.models import RenewalRow, SubscriptionChangeRow, SubscriptionRow
from services.subscriptions.notice import go_on, is_short, renewal_on

By = Literal["card", "balance"]


class CannotRenew(Conflict):
    """This subscription does not renew by itself. `reason`: its state (trial, canceled, paused, grace, expired),
    provider (somebody else renews it), tokens (its fee is taken from them), short_period, withdrawn."""

    code: ClassVar[str] = "cannot_renew"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Renewal:
    """`by`: card (`card` is its title, None when it is forgotten), balance or provider; `off_cause` as in the table."""

    subscription_id: int
    on: bool
    by: str
    method_id: int | None
    card: str | None
    off_cause: str | None


def renewal_of(tx: Session, party: Party, subscription_id: int) -> Renewal | None:
    """None where it was never on, or for other people's."""
    mine = select(RenewalRow).join(SubscriptionRow).where(SubscriptionRow.party == str(party))
    row = tx.scalar(mine.where(RenewalRow.subscription_id == subscription_id))
    if row is None:
        return None
    cards = {one.id: one.title for one in billing.methods_of(tx, party)}
    card = cards.get(row.method_id) if row.method_id else None
    return Renewal(subscription_id, row.turned_off_at is None, row.by, row.method_id, card, row.off_cause)


def turn_on_renewal(
    tx: Session,
    party: Party,
    subscription_id: int,
    by: By,
    method_id: int | None,
    now: datetime,
    *,
    currency: str,
) -> None:
    """From now on each period is paid from this remembered card, or from the balance, in the currency that its provider
    takes. Raises SubscriptionNotFound, MethodNotFound or CannotRenew."""
    row = own(tx, party, subscription_id)
    if (why_not := why_not_on(tx, row, currency)) is not None:
        raise CannotRenew(why_not)
    if by == "card" and all(one.id != method_id for one in billing.methods_of(tx, party)):
        raise billing.MethodNotFound(f"payment method {method_id} of {party}")
    _turn_on(tx, row, by, method_id if by == "card" else None, currency, now, cause="user")


def turn_off_renewal(
    tx: Session, party: Party, subscription_id: int, now: datetime, *, cause: str = "user", told: bool = True
) -> bool:
    """Nothing more is charged; a try that is on its way ends by itself. False when it was off. Raises
    SubscriptionNotFound, or CannotRenew where a provider renews: it is stopped there."""
    row = own(tx, party, subscription_id)
    renewal = renewal_on(tx, row)
    if renewal is None:
        return False
    if renewal.by == "provider":
        raise CannotRenew("provider")
    turn_off(tx, row, renewal, now, cause=cause, told=told)
    return True


def turn_off(
    tx: Session, row: SubscriptionRow, renewal: RenewalRow, now: datetime, *, cause: str, told: bool = False
) -> None:
    """The caller holds the subscription's row. `told`: its owner knows already."""
    renewal.turned_off_at, renewal.off_cause = now, cause
    billing.stop_charge(tx, renewal_purpose(row.id, row.ends_at), "turned_off", now)
    news = RenewalTurnedOff(subscription_id=row.id, party=row.party, cause=cause, at=now, told=told)
    emit(tx, news, now)


def why_not_on(tx: Session, row: SubscriptionRow, currency: str) -> str | None:
    """The reason of CannotRenew, if there is one."""
    if row.state != "active":
        return row.state
    on = renewal_on(tx, row)
    if on is not None and on.by == "provider":
        return "provider"
    if Quote.from_json(row.terms).subscription_fee:
        return "tokens"
    offered = todays(tx, row, currency)
    if offered is None:
        return "withdrawn"
    return "short_period" if is_short(offered, row.ends_at) else None


def todays(tx: Session, row: SubscriptionRow, currency: str) -> Quote | None:
    """The tariff as it is sold to this party today; None when it is not."""
    try:
        audiences = billing.audiences(tx, Party.parse(row.party))
        return catalog.quote(tx, Quote.from_json(row.terms).tariff, currency, audiences)
    except (catalog.TariffNotFound, catalog.NotForSale):
        return None


def renew_as_paid(tx: Session, row: SubscriptionRow, paid: billing.HowPaid, now: datetime) -> None:
    """A payment which had its card remembered turns renewal from it on, as the words of that consent say; one which its
    provider goes on to charge by itself is noted. The caller holds the row."""
    if paid.renews:
        _set(tx, row, "provider", None, paid.currency, now)
    elif paid.method_id is not None and why_not_on(tx, row, paid.currency) is None:
        _turn_on(tx, row, "card", paid.method_id, paid.currency, now, cause="payment")


def note_provider_renewal(tx: Session, event: billing.RenewalChanged, now: datetime) -> None:
    """A provider goes on, or stops, to charge a subscription by itself."""
    payment = billing.any_payment(tx, event.payment_id)
    bought = select(SubscriptionChangeRow.subscription_id).where(SubscriptionChangeRow.invoice_id == payment.invoice_id)
    if (subscription_id := tx.scalar(bought)) is None:
        return
    row = own(tx, payment.party, subscription_id)
    known = tx.get(RenewalRow, row.id)
    if event.state == "active":
        _set(tx, row, "provider", None, payment.amount.currency, now)
    elif known is not None and known.by == "provider" and known.turned_off_at is None:
        known.turned_off_at, known.off_cause = now, "provider"


def turn_off_for_method(tx: Session, event: billing.MethodGone, now: datetime) -> None:
    """What a card renewed that is charged no more."""
    on = select(RenewalRow.subscription_id).where(
        RenewalRow.method_id == event.method_id, RenewalRow.turned_off_at.is_(None)
    )
    for subscription_id in tx.scalars(on.order_by(RenewalRow.subscription_id)).all():
        row = own(tx, Party.parse(event.party), subscription_id)
        renewal = renewal_on(tx, row)
        if renewal is None or renewal.method_id != event.method_id:
            continue
        charge = billing.charge_of(tx, renewal_purpose(row.id, row.ends_at))
        refused_just_now = event.cause == "card_refused" and charge is not None and charge.tries > 0
        turn_off(tx, row, renewal, now, cause=event.cause, told=refused_just_now)


def turn_off_after_decline(tx: Session, event: billing.ChargeDeclined, now: datetime) -> None:
    """After the last try nothing more is charged, also for later periods: its owner is told, and may turn it on."""
    subscription_id = subscription_of(event.purpose)
    if event.next_at is not None or subscription_id is None:
        return
    row = own(tx, Party.parse(event.party), subscription_id)
    if renewal_purpose(row.id, row.ends_at) != event.purpose:
        return
    if (renewal := renewal_on(tx, row)) is not None:
        turn_off(tx, row, renewal, now, cause="declined", told=True)


def subscription_of(purpose: str) -> int | None:
    """Whose renewal a charge is for. None: it is for something else."""
    match purpose.split(":", 2):
        case ["subscription", number, moment] if number.isdigit() and "T" in moment:
            return int(number)
        case _other:
            return None


def _turn_on(
    tx: Session, row: SubscriptionRow, by: By, method_id: int | None, currency: str, now: datetime, *, cause: str
) -> None:
    was = tx.get(RenewalRow, row.id)
    before = (was.by, was.method_id, was.currency) if was is not None else None
    if before == (by, method_id, currency) and was is not None and was.turned_off_at is None:
        return
    _set(tx, row, by, method_id, currency, now)
    go_on(tx, row, now, other_way=before != (by, method_id, currency))
    emit(tx, RenewalTurnedOn(subscription_id=row.id, party=row.party, cause=cause), now)


def _set(tx: Session, row: SubscriptionRow, by: str, method_id: int | None, currency: str, now: datetime) -> None:
    renewal = tx.get(RenewalRow, row.id) or RenewalRow(subscription_id=row.id)
    renewal.by, renewal.method_id, renewal.currency = by, method_id, currency
    renewal.turned_on_at, renewal.turned_off_at, renewal.off_cause = now, None, None
    tx.add(renewal)
    tx.flush()
