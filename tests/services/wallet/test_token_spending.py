"""Spending: bonus first, once for each reference, never below the floor, however many spend at once."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from services import identity, ledger, subscriptions, wallet
from services.identity import Party
from services.platform.db import Database
from services.platform.money import Money
from tests.factories import at_once, make_user
from tests.services.wallet.token_shop import DAY, buy, give, left, news, put_on_sale, top_up


@pytest.fixture
def party(tx: Session, now: datetime) -> Party:
    put_on_sale(tx, now)
    return make_user(tx, now).party


def spend(tx: Session, party: Party, tokens: int, now: datetime, reference: str = "r1", **how: str) -> wallet.Spent:
    return wallet.spend(tx, party, tokens, reference=reference, description="a letter", now=now, **how)


def test_bonus_goes_first_and_both_currencies_balance(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, tokens=100, bonus=30)
    spent = spend(tx, party, 50, now)
    assert (spent.bonus, spent.tokens, spent.total) == (30, 20, 50)
    assert (spent.left.tokens, spent.left.bonus) == left(tx, party) == (80, 0)
    entries = ledger.find(tx, kind="spend", reference="r1")
    assert {(entry.account, entry.amount) for entry in entries} == {
        (f"bonus:{party}", Money(30, "BONUS")),
        ("spent:usage", Money(-30, "BONUS")),
        (f"tokens:{party}", Money(20, "TOKEN")),
        ("spent:usage", Money(-20, "TOKEN")),
    }
    assert ledger.prove(tx) == []


def test_too_little_takes_nothing(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, tokens=10, bonus=5)
    with pytest.raises(ledger.Insufficient) as refused:
        spend(tx, party, 16, now)
    assert refused.value.code == "insufficient_balance"
    assert left(tx, party) == (10, 5)
    assert spend(tx, party, 15, now).left.total == 0


def test_the_same_reference_takes_once(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, tokens=100, bonus=10)
    first = spend(tx, party, 30, now)
    again = spend(tx, party, 30, now + DAY)
    assert (again.tokens, again.bonus) == (first.tokens, first.bonus)
    assert left(tx, party) == (80, 0)
    with pytest.raises(wallet.ReferenceUsed):
        spend(tx, party, 31, now)
    other = make_user(tx, now).party
    give(tx, other, now, tokens=100)
    with pytest.raises(wallet.ReferenceUsed):
        spend(tx, other, 30, now)
    assert left(tx, other) == (100, 0)


@pytest.mark.parametrize("tokens", [0, -5, 10**13, True, 1.5, "5"])
def test_only_whole_numbers_above_zero(tx: Session, now: datetime, party: Party, tokens: int) -> None:
    give(tx, party, now, tokens=100)
    with pytest.raises(wallet.BadTokens):
        spend(tx, party, tokens, now)
    assert left(tx, party) == (100, 0)


def test_a_floor_below_zero_only_where_the_tariff_has_one(tx: Session, now: datetime) -> None:
    put_on_sale(tx, now, floor=50)
    with_floor, without = make_user(tx, now).party, make_user(tx, now).party
    top_up(tx, now, with_floor)
    give(tx, without, now, tokens=200)
    assert spend(tx, with_floor, 240, now, "a").left.total == -40
    with pytest.raises(ledger.Insufficient):
        spend(tx, with_floor, 11, now, "b")
    assert spend(tx, with_floor, 10, now, "c").left.total == -50
    with pytest.raises(ledger.Insufficient):
        spend(tx, without, 201, now, "d")
    assert ledger.prove(tx) == []


def test_a_debt_is_not_spent_past_by_bonus(tx: Session, now: datetime, party: Party) -> None:
    wallet.adjust(tx, party, -8, reason="x", actor="operator:1", reference="1", now=now, force=True)
    give(tx, party, now, bonus=10)
    with pytest.raises(ledger.Insufficient):
        spend(tx, party, 3, now)
    assert spend(tx, party, 2, now).left.total == 0


def test_blocked_and_unknown_people_spend_nothing(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, tokens=10)
    assert identity.block(tx, party.id, reason="fraud", actor="operator:1", now=now)
    with pytest.raises(identity.UserBlocked):
        spend(tx, party, 1, now)
    with pytest.raises(identity.UserBlocked):
        wallet.top_up_quote(tx, party, "ai", Money(20000, "RUB"))
    assert left(tx, party) == (10, 0)
    assert identity.unblock(tx, party.id, reason="mistake", actor="operator:1", now=now)
    assert spend(tx, party, 1, now).left.total == 9
    with pytest.raises(identity.UserNotFound):
        spend(tx, Party("user", 999_999), 1, now)


def test_a_tariff_with_a_fee_needs_its_subscription(tx: Session, now: datetime) -> None:
    put_on_sale(tx, now, fee=100)
    party = make_user(tx, now).party
    top_up(tx, now, party, "300.00")
    assert spend(tx, party, 50, now, "a").left.total == 150
    ends_at = subscriptions.subscriptions_of(tx, party)[0].ends_at
    with pytest.raises(wallet.SubscriptionNeeded) as refused:
        spend(tx, party, 50, ends_at, "b")
    assert refused.value.code == "subscription_expired"
    assert spend(tx, party, 50, ends_at, "a").total == 50, "what was done before is told again"
    assert left(tx, party) == (150, 0)


def test_a_named_product_needs_its_subscription(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, tokens=100)
    with pytest.raises(wallet.SubscriptionNeeded):
        spend(tx, party, 1, now, product="ai")
    subscriptions.extend_after_payment(tx, buy(tx, now, party), now)
    assert spend(tx, party, 1, now, product="ai").left.total == 99
    with pytest.raises(wallet.SubscriptionNeeded):
        spend(tx, party, 1, now, "r2", product="vpn")
    (entry,) = (one for one in ledger.find(tx, kind="spend", reference="r1") if one.amount.minor < 0)
    assert entry.account == "spent:ai"


def test_usage_is_charged_with_its_factors_on_record(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, tokens=100)
    usage = {"units": "3", "price": "0.7", "multiplier": "3.14"}
    spent = wallet.charge_usage(tx, party, **usage, reference="u1", description="run 5", metadata={"run": "5"}, now=now)
    assert spent.total == 7
    (line, _gift) = wallet.history(tx, party)
    assert (line.tokens, line.description, line.detail) == (-7, "run 5", {"run": "5", "usage": usage})
    free = wallet.charge_usage(tx, party, units="0", price="1", reference="u2", description="nothing", now=now)
    assert (free.total, free.left.total) == (0, 93)
    assert len(wallet.history(tx, party)) == 2


def low(tx: Session) -> list[tuple[int, int]]:
    return [(event.threshold, event.left) for event in news(tx, wallet.BalanceLow)]


def test_thresholds_are_told_once_until_topped_up(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, tokens=60)
    spend(tx, party, 9, now, "1")
    assert low(tx) == []
    spend(tx, party, 1, now, "2")
    spend(tx, party, 10, now, "3")
    assert low(tx) == [(50, 50)], "once, also while it stays below"
    spend(tx, party, 30, now, "4")
    assert low(tx) == [(50, 50), (10, 10)], "of two that were crossed the lower one"
    spend(tx, party, 5, now, "5")
    spend(tx, party, 1, now, "6")
    assert low(tx)[2:] == [(5, 5)]
    give(tx, party, now, bonus=10)
    spend(tx, party, 5, now, "7")
    assert low(tx)[3:] == [(10, 9)], "14 were above 10 and below 20"
    spend(tx, party, 5, now, "7")
    assert len(low(tx)) == 4


def test_twenty_at_once_never_overdraw(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        put_on_sale(tx, now)
        party = make_user(tx, now).party
        give(tx, party, now, tokens=70, bonus=35)

    def work(number: int) -> bool:
        try:
            with db.begin() as tx:
                spend(tx, party, 10, now, f"r{number}")
        except ledger.Insufficient:
            return False
        return True

    assert sum(at_once(20, work)) == 10
    with db.begin() as tx:
        assert left(tx, party) == (5, 0)
        assert ledger.prove(tx) == []
        assert sorted(threshold for threshold, _ in low(tx)) == [5, 20, 50]


def test_the_same_reference_at_once_takes_once(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        put_on_sale(tx, now)
        party = make_user(tx, now).party
        give(tx, party, now, tokens=100)

    def work(_number: int) -> int:
        with db.begin() as tx:
            return spend(tx, party, 10, now).total

    assert at_once(8, work) == [10] * 8
    with db.begin() as tx:
        assert left(tx, party) == (90, 0)


def test_first_spendings_at_once_keep_to_the_floor(db: Database, now: datetime) -> None:
    """There is no row of a balance yet which they could wait for."""
    with db.begin() as tx:
        put_on_sale(tx, now, floor=25)
        party = make_user(tx, now).party
        give(tx, party, now, bonus=0)
        top_up(tx, now, party)
        spend(tx, party, 200, now, "all")

    def work(number: int) -> bool:
        try:
            with db.begin() as tx:
                spend(tx, party, 10, now, f"r{number}")
        except ledger.Insufficient:
            return False
        return True

    assert sum(at_once(10, work)) == 2
    with db.begin() as tx:
        assert left(tx, party) == (-20, 0)
