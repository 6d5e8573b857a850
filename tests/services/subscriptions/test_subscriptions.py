from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services import subscriptions
from services.identity import Party
from services.platform.db import Database
from services.platform.outbox import OutboxEvent
from services.subscriptions import Subscription
from services.subscriptions.models import SubscriptionChangeRow
from tests.factories import at_once, make_paid_invoice, make_tariff, make_user

DAY = timedelta(days=1)


@pytest.fixture
def party(tx: Session, now: datetime) -> Party:
    make_tariff(tx, now)
    make_tariff(tx, now, "vpn-10d", period="{days = 10}")
    return make_user(tx, now).party


def buy(tx: Session, now: datetime, party: Party, slug: str = "vpn-1m") -> Subscription:
    subscriptions.extend_after_payment(tx, make_paid_invoice(tx, now, party, slug), now)
    return only(tx, party)


def only(tx: Session, party: Party) -> Subscription:
    tx.flush()
    tx.expire_all()
    (found,) = subscriptions.subscriptions_of(tx, party)
    return found


def journal(tx: Session) -> list[tuple[Any, ...]]:
    rows = tx.scalars(select(SubscriptionChangeRow).order_by(SubscriptionChangeRow.id))
    return [(row.kind, row.at, row.ended_at, row.ends_at) for row in rows]


def news(tx: Session, event: type[Any]) -> list[Any]:
    bodies = tx.scalars(select(OutboxEvent.body).where(OutboxEvent.name == event.name).order_by(OutboxEvent.id))
    return [event.from_json(body) for body in bodies]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


def test_a_first_purchase_begins_now(tx: Session, now: datetime, party: Party) -> None:
    paid = make_paid_invoice(tx, now, party)
    subscriptions.extend_after_payment(tx, paid, now)
    mine = only(tx, party)
    assert (mine.state, mine.product, mine.started_at, mine.ends_at) == ("active", "vpn", now, at("2026-12-21"))
    assert mine.terms.tariff == "vpn-1m"
    assert journal(tx) == [("began", now, None, mine.ends_at)]
    assert news(tx, subscriptions.SubscriptionExtended) == [
        subscriptions.SubscriptionExtended(
            subscription_id=mine.id,
            invoice_id=paid.invoice_id,
            party=str(party),
            ends_at=mine.ends_at,
            change_id=tx.scalar(text("SELECT max(id) FROM subscription_changes")),
        )
    ]


def test_an_early_renewal_goes_on_from_the_end(tx: Session, now: datetime, party: Party) -> None:
    first = buy(tx, now, party)
    mine = buy(tx, now + 3 * DAY, party)
    assert (mine.id, mine.started_at, mine.ends_at) == (first.id, now, at("2027-01-21"))
    assert journal(tx)[1] == ("extended", now + 3 * DAY, first.ends_at, mine.ends_at)


@pytest.mark.parametrize("swept", [True, False])
@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=1), 40 * DAY])
def test_at_the_end_or_later_it_begins_anew(
    tx: Session, now: datetime, party: Party, late: timedelta, swept: bool
) -> None:
    first = buy(tx, now, party)
    back = first.ends_at + late
    if swept:
        assert subscriptions.expire(tx, back) == 1
    mine = buy(tx, back, party, "vpn-10d")
    assert (mine.id, mine.state, mine.started_at, mine.ends_at) == (first.id, "active", back, back + 10 * DAY)
    assert mine.terms.tariff == "vpn-10d"


def test_a_renewal_brings_to_life_what_a_clock_ahead_of_ours_has_ended(
    tx: Session, now: datetime, party: Party
) -> None:
    first = buy(tx, now, party)
    subscriptions.expire(tx, first.ends_at)
    mine = buy(tx, first.ends_at - timedelta(seconds=2), party)
    assert (mine.state, mine.ends_at) == ("active", at("2027-01-21"))


def test_the_same_invoice_extends_once(tx: Session, now: datetime, party: Party) -> None:
    paid = make_paid_invoice(tx, now, party)
    for later in (timedelta(0), timedelta(hours=1), 60 * DAY):
        subscriptions.extend_after_payment(tx, paid, now + later)
    assert only(tx, party).ends_at == at("2026-12-21")
    assert len(journal(tx)) == len(news(tx, subscriptions.SubscriptionExtended)) == 1


def test_months_keep_their_day_and_days_move_it(tx: Session, party: Party) -> None:
    begun = at("2027-01-31")
    ends = [buy(tx, begun, party).ends_at for _ in range(3)]
    assert ends == [at("2027-02-28"), at("2027-03-31"), at("2027-04-30")]
    assert buy(tx, begun, party, "vpn-10d").ends_at == at("2027-05-10")
    assert buy(tx, begun, party).ends_at == at("2027-06-10"), "a whole month, not up to the 30th or the 31st"
    assert buy(tx, begun, party).ends_at == at("2027-07-10")


def test_a_try_out_takes_nothing_from_the_month_after_it(tx: Session, party: Party) -> None:
    buy(tx, at("2027-01-21"), party, "vpn-10d")
    assert buy(tx, at("2027-01-22"), party).ends_at == at("2027-02-28"), "a month from 31 January"
    assert buy(tx, at("2027-01-22"), party).ends_at == at("2027-03-31")


def test_two_invoices_at_once_add_both(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        make_tariff(tx, now)
        party = make_user(tx, now).party
        paid = [make_paid_invoice(tx, now, party) for _ in range(4)]

    def extend(number: int) -> None:
        with db.begin() as tx:
            subscriptions.extend_after_payment(tx, paid[number // 2], now)  # and each of them twice

    at_once(8, extend)
    with db.begin() as tx:
        assert only(tx, party).ends_at == at("2027-03-21")
        assert [line[0] for line in journal(tx)] == ["began", "extended", "extended", "extended"]
        assert len(news(tx, subscriptions.SubscriptionExtended)) == 4


def test_expiring_ends_what_is_over_and_tells(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party)
    assert subscriptions.expire(tx, mine.ends_at - timedelta(microseconds=1)) == 0
    assert subscriptions.expire(tx, mine.ends_at) == 1
    assert subscriptions.expire(tx, mine.ends_at + DAY) == 0
    assert only(tx, party).state == "expired"
    assert journal(tx)[-1] == ("expired", mine.ends_at, mine.ends_at, mine.ends_at)
    assert news(tx, subscriptions.SubscriptionExpired) == [
        subscriptions.SubscriptionExpired(subscription_id=mine.id, party=str(party), ends_at=mine.ends_at)
    ]


def test_two_sweeps_at_once_end_each_subscription_once(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        make_tariff(tx, now, "vpn-1d", period="{days = 1}")
        for _ in range(30):
            subscriptions.extend_after_payment(tx, make_paid_invoice(tx, now, make_user(tx, now).party, "vpn-1d"), now)

    def sweep(_number: int) -> int:
        ended = 0
        for _ in range(10):
            with db.begin() as tx:
                ended += subscriptions.expire(tx, now + DAY, limit=4)
        return ended

    assert sum(at_once(2, sweep)) == 30
    with db.begin() as tx:
        assert len(news(tx, subscriptions.SubscriptionExpired)) == 30


def test_a_sweep_leaves_alone_what_is_being_renewed(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        make_tariff(tx, now)
        party = make_user(tx, now).party
        subscriptions.extend_after_payment(tx, make_paid_invoice(tx, now, party), now)
        end = only(tx, party).ends_at
        paid = make_paid_invoice(tx, now, party)
    with db.begin() as renewal:
        subscriptions.extend_after_payment(renewal, paid, end)
        with db.begin() as sweep:
            assert subscriptions.expire(sweep, end) == 0
    with db.begin() as tx:
        assert only(tx, party).state == "active"


def test_other_peoples_subscriptions_are_not_found(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party)
    stranger = make_user(tx, now).party
    assert subscriptions.own_subscription(tx, party, mine.id) == subscriptions.subscription(tx, mine.id) == mine
    assert subscriptions.subscriptions_of(tx, stranger) == []
    for nobody, number in [(stranger, mine.id), (party, mine.id + 10**6)]:
        with pytest.raises(subscriptions.SubscriptionNotFound):
            subscriptions.own_subscription(tx, nobody, number)
