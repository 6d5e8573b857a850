"""What a period costs in tokens: taken once for each end, or told once and tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services import identity, ledger, subscriptions, wallet
from services.identity import Party
from services.platform.db import Database
from services.subscriptions import Subscription
from tests.factories import at_once, make_user
from tests.services.wallet.token_shop import DAY, give, left, news, put_on_sale, top_up

MINUTE = timedelta(minutes=1)


@pytest.fixture
def party(tx: Session, now: datetime) -> Party:
    """Has 100 tokens, and a period that ends on 21 December."""
    put_on_sale(tx, now, fee=100)
    party = make_user(tx, now).party
    top_up(tx, now, party)
    return party


def mine(tx: Session, party: Party) -> Subscription:
    tx.flush()
    tx.expire_all()
    (owned,) = subscriptions.subscriptions_of(tx, party)
    return owned


def test_the_fee_is_taken_a_day_before_the_end_once(tx: Session, now: datetime, party: Party) -> None:
    end = mine(tx, party).ends_at
    assert wallet.charge_fees(tx, end - DAY - MINUTE) == 0
    assert wallet.charge_fees(tx, end - DAY) == 1
    assert wallet.charge_fees(tx, end - DAY + MINUTE) == 0
    assert left(tx, party) == (0, 0)
    assert mine(tx, party).ends_at == datetime.fromisoformat("2027-01-21T12:00Z")
    entries = ledger.find(tx, kind="token_fee", reference=f"fee:{mine(tx, party).id}:{end.isoformat()}")
    assert {(entry.account, entry.amount.minor) for entry in entries} == {(f"tokens:{party}", 100), ("spent:ai", -100)}
    assert [(one.fee, one.ended_at) for one in news(tx, wallet.FeeCharged)] == [(100, end)]
    assert news(tx, wallet.FeeMissed) == []


def test_bonus_pays_fees_too(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, bonus=30)
    assert wallet.charge_fees(tx, mine(tx, party).ends_at - DAY) == 1
    assert left(tx, party) == (30, 0)


def test_a_missed_fee_is_told_once_and_tried_again(tx: Session, now: datetime, party: Party) -> None:
    wallet.spend(tx, party, 1, reference="s", description="x", now=now)
    end = mine(tx, party).ends_at
    moment = end - DAY
    for _minute in range(25):
        assert wallet.charge_fees(tx, moment) == 0
        moment += MINUTE
    assert left(tx, party) == (99, 0)
    assert mine(tx, party).ends_at == end
    assert [(one.fee, one.ends_at) for one in news(tx, wallet.FeeMissed)] == [(100, end)]
    give(tx, party, now, bonus=1)
    assert wallet.charge_fees(tx, moment + 10 * MINUTE) == 1
    assert left(tx, party) == (0, 0)
    assert mine(tx, party).ends_at == datetime.fromisoformat("2027-01-21T12:00Z")
    assert wallet.charge_fees(tx, datetime.fromisoformat("2027-01-20T12:00Z")) == 0
    assert len(news(tx, wallet.FeeMissed)) == 2, "the next end is told of by itself"


def test_the_floor_is_no_money_for_fees(tx: Session, now: datetime) -> None:
    put_on_sale(tx, now, fee=100, floor=1000)
    party = make_user(tx, now).party
    top_up(tx, now, party, "150.00")
    assert wallet.charge_fees(tx, mine(tx, party).ends_at - DAY) == 0
    assert left(tx, party) == (50, 0)


def test_who_canceled_or_paused_or_is_blocked_is_not_charged(tx: Session, now: datetime) -> None:
    put_on_sale(tx, now, fee=100)
    people = [make_user(tx, now).party for _ in range(3)]
    for party in people:
        top_up(tx, now, party, "500.00")
    canceled, paused, blocked = people
    subscriptions.cancel(tx, canceled, mine(tx, canceled).id, now)
    subscriptions.pause(tx, paused, mine(tx, paused).id, now)
    identity.block(tx, blocked.id, reason="x", actor="operator:1", now=now)
    tx.flush()
    end = mine(tx, blocked).ends_at
    for moment in (end - DAY, end - DAY + 20 * MINUTE):
        assert wallet.charge_fees(tx, moment) == 0
    assert {left(tx, party) for party in people} == {(400, 0)}
    assert news(tx, wallet.FeeMissed) == []
    identity.unblock(tx, blocked.id, reason="x", actor="operator:1", now=now)
    assert wallet.charge_fees(tx, end - DAY + 40 * MINUTE) == 1


def test_many_are_charged_in_bounded_runs_and_the_missing_do_not_stop_the_others(tx: Session, now: datetime) -> None:
    put_on_sale(tx, now, fee=100)
    people = [make_user(tx, now).party for _ in range(7)]
    for number, party in enumerate(people):
        top_up(tx, now, party, "200.00" if number > 3 else "100.00")
    moment = mine(tx, people[0]).ends_at - DAY
    assert [wallet.charge_fees(tx, moment, limit=2) for _ in range(5)] == [0, 0, 2, 1, 0]
    assert [left(tx, party)[0] for party in people] == [0] * 7
    assert len(news(tx, wallet.FeeMissed)) == 4


def test_a_fee_that_others_are_at_is_left_to_the_next_run(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        put_on_sale(tx, now, fee=100)
        party = make_user(tx, now).party
        top_up(tx, now, party)
        end = mine(tx, party).ends_at
    with db.begin() as other:
        other.execute(text("SELECT 1 FROM subscriptions FOR UPDATE"))
        with db.begin() as tx:
            assert wallet.charge_fees(tx, end - DAY) == 0
    with db.begin() as other:
        other.execute(select(subscriptions_turn(party)))
        with db.begin() as tx:
            assert wallet.charge_fees(tx, end - DAY) == 0
    with db.begin() as tx:
        assert news(tx, wallet.FeeMissed) == []
        assert wallet.charge_fees(tx, end - DAY) == 1


def subscriptions_turn(party: Party) -> object:
    return text(f"pg_advisory_xact_lock(hashtextextended('subscription:{party}:ai', 0))")


def test_top_ups_fees_refunds_and_spendings_at_once_do_not_stop_each_other(db: Database, now: datetime) -> None:
    """All of them want the subscription's turn and both balances."""
    with db.begin() as tx:
        put_on_sale(tx, now, fee=100)
        party = make_user(tx, now).party
        top_up(tx, now, party, "300.00")
        give(tx, party, now, bonus=100)
        end = mine(tx, party).ends_at

    def work(number: int) -> None:
        with db.begin() as tx:
            if number % 4 == 0:
                wallet.charge_fees(tx, end - DAY)
            elif number % 4 == 1:
                top_up(tx, end, party)
            else:
                wallet.spend(tx, party, 1, reference=f"r{number}", description="x", now=now)

    at_once(12, work)
    with db.begin() as tx:
        wallet.charge_fees(tx, end - DAY)
        assert sum(left(tx, party)) + 6 + 100 * tx.execute(FEES).scalar_one() == 300 + 100 + 3 * 200
        assert ledger.prove(tx) == []


FEES = text("SELECT count(*) FROM ledger_transactions WHERE kind = 'token_fee'")
