"""Limits and budgets hold, whoever comes at once, and what never was paid is given back once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from services.platform.db import Database
from services.receipts import rules
from services.receipts.rules import CampaignMoved, Decision, Tally
from tests.factories import at_once
from tests.services.receipts.rules.made import NOON, accepted, campaign_toml, facts, imported


def judged(tx: Session, receipt_id: int, payees: list[str], now: datetime = NOON) -> Decision:
    """As the core does it."""
    decision = rules.weigh(tx, rules.campaigns_for(tx, now), facts(), payees, now)
    if decision.outcome == "accepted":
        assert rules.take(tx, decision, receipt_id, payees, now)
    return decision


def spent(tx: Session, slug: str = "citramon") -> int:
    return rules.standing(tx, slug).spent.minor


def test_the_third_receipt_of_a_day_is_the_last(tx: Session) -> None:
    imported(tx)
    got = [judged(tx, number, ["user:1"]) for number in range(5)]
    assert [one.outcome for one in got] == ["accepted"] * 3 + ["rejected"] * 2
    assert got[3].reasons == ("limit_user_day",)
    assert judged(tx, 6, ["user:2"]).outcome == "accepted"
    assert spent(tx) == 400


def test_limits_hold_for_each_key_of_a_person(tx: Session) -> None:
    """Another account with the same phone is the same person; so is the same account with another phone."""
    imported(tx, limits="count = {day = 1}")
    assert judged(tx, 1, ["user:1", "phone:a"]).outcome == "accepted"
    assert judged(tx, 2, ["user:2", "phone:a"]).reasons == ("limit_user_day",)
    assert judged(tx, 3, ["user:1", "phone:b"]).reasons == ("limit_user_day",)
    assert judged(tx, 4, ["user:2", "phone:b"]).outcome == "accepted"


def test_a_day_is_that_of_the_campaign(tx: Session) -> None:
    imported(tx, limits="count = {day = 1}")
    late = datetime(2026, 11, 21, 21, 59, tzinfo=UTC)  # 23:59 in Kyiv
    assert judged(tx, 1, ["user:1"], late).outcome == "accepted"
    assert judged(tx, 2, ["user:1"], late).outcome == "rejected"
    assert judged(tx, 3, ["user:1"], late + timedelta(minutes=1)).outcome == "accepted"


@pytest.mark.parametrize(
    ("span", "first", "same", "next_one"),
    [
        ("day", "2026-10-24T22:00", "2026-10-25T21:59", "2026-10-25T22:00"),  # 25 hours: clocks go back that night
        ("week", "2026-11-15T22:00", "2026-11-22T21:59", "2026-11-22T22:00"),
        ("month", "2026-10-31T22:00", "2026-11-30T21:59", "2026-11-30T22:00"),
        ("month", "2026-11-30T22:00", "2026-12-31T21:59", "2026-12-31T22:00"),
    ],
)
def test_spans_begin_and_end_with_the_days_of_the_place(
    tx: Session, span: str, first: str, same: str, next_one: str
) -> None:
    campaign = imported(tx)
    when = [datetime.fromisoformat(f"{one}+00:00") for one in (first, same, next_one)]
    if span == "day":
        when[0] -= timedelta(hours=1)
    rules.take(tx, accepted(campaign, 100), 1, ["user:1"], when[0])
    assert [rules.usage(tx, campaign, ["user:1"], at).of(span) for at in when] == [
        Tally(1, 100),
        Tally(1, 100),
        Tally(),
    ]
    assert rules.usage(tx, campaign, ["user:1"], when[2]).of("total") == Tally(1, 100)
    assert rules.usage(tx, campaign, ["user:1"], when[0] - timedelta(minutes=1)).of(span) == Tally()


def test_what_is_left_of_a_persons_sum_is_paid_and_then_nothing(tx: Session) -> None:
    imported(tx, limits='count = {day = "any"}\nsum = {week = "2.50"}')
    got = [judged(tx, number, ["user:1"]) for number in range(4)]
    assert [one.bonus.minor if one.bonus else None for one in got] == [100, 100, 50, None]
    assert got[3].reasons == ("limit_user_week",)


def test_a_budget_is_spent_to_the_last_kopeck_and_no_further(tx: Session) -> None:
    imported(tx, budget="2.01")
    got = [judged(tx, number, [f"user:{number}"]) for number in range(4)]
    assert [one.bonus.minor if one.bonus else None for one in got] == [100, 100, 1, None]
    assert got[3].reasons == ("limit_budget",)
    assert spent(tx) == 201


def test_a_receipt_takes_once(tx: Session) -> None:
    campaign = imported(tx, limits="count = {day = 1}")
    decision = accepted(campaign, 100)
    assert rules.take(tx, decision, 7, ["user:1"], NOON) is True
    assert rules.take(tx, decision, 7, ["user:1"], NOON) is False
    assert rules.take(tx, decision, 7, ["user:2"], NOON) is False
    assert spent(tx) == 100


def test_what_was_not_paid_is_given_back_once(tx: Session) -> None:
    campaign = imported(tx, limits="count = {day = 1}", budget="1.00")
    assert rules.give_back(tx, 7, NOON) is False  # nothing was taken
    rules.take(tx, accepted(campaign, 100), 7, ["user:1", "phone:a"], NOON)
    assert rules.give_back(tx, 7, NOON) is True
    assert rules.give_back(tx, 7, NOON) is False
    assert spent(tx) == 0
    assert rules.usage(tx, campaign, ["user:1", "phone:a"], NOON).of("total") == Tally()
    assert judged(tx, 8, ["user:1", "phone:a"]).outcome == "accepted"
    assert rules.give_back(tx, 7, NOON) is False
    assert spent(tx) == 100


def test_what_was_given_back_is_taken_again_only_when_a_person_has_it_paid(tx: Session) -> None:
    """Limits do not stand against that, and count it; the budget does."""
    campaign = imported(tx, limits="count = {day = 1}", budget="2.50")
    decision = accepted(campaign, 100)
    rules.take(tx, decision, 7, ["user:1"], NOON)
    rules.take_again(tx, 7, ["user:1"], NOON)  # nothing was given back
    assert spent(tx) == 100
    rules.give_back(tx, 7, NOON)
    assert rules.take(tx, decision, 7, ["user:1"], NOON) is False
    assert judged(tx, 8, ["user:1"]).outcome == "accepted"
    for _ in range(2):
        rules.take_again(tx, 7, ["user:1"], NOON)
        assert spent(tx) == 200
    assert rules.usage(tx, campaign, ["user:1"], NOON).of("day") == Tally(2, 200)
    assert rules.give_back(tx, 7, NOON) is True
    rules.take(tx, accepted(campaign, 100), 9, ["user:2"], NOON)
    with pytest.raises(CampaignMoved):
        rules.take_again(tx, 7, ["user:1"], NOON)
    assert spent(tx) == 200
    rules.take_again(tx, 404, ["user:1"], NOON)  # there is no such receipt


@pytest.mark.parametrize("minor", [101, 10_001])
def test_a_decision_that_promises_too_much_takes_nothing(tx: Session, minor: int) -> None:
    campaign = imported(tx, limits='per_receipt = "1.00"' if minor == 101 else "")
    with pytest.raises(CampaignMoved):
        rules.take(tx, accepted(campaign, minor), 1, ["user:1"], NOON)
    assert spent(tx) == 0


def test_a_decision_by_rules_that_have_changed_takes_nothing(tx: Session) -> None:
    campaign = imported(tx)
    decision = accepted(campaign, 100)
    assert imported(tx, budget="99.00").version == 2
    with pytest.raises(CampaignMoved):
        rules.usage(tx, campaign, ["user:1"], NOON)
    with pytest.raises(CampaignMoved):
        rules.take(tx, decision, 1, ["user:1"], NOON)


def test_a_stopped_campaign_takes_nothing_and_goes_on_after(tx: Session) -> None:
    campaign = imported(tx)
    assert rules.set_state(tx, "citramon", "stopped", actor="console:a", now=NOON) is True
    assert rules.set_state(tx, "citramon", "stopped", actor="console:a", now=NOON) is False
    with pytest.raises(CampaignMoved):
        rules.take(tx, accepted(campaign, 100), 1, ["user:1"], NOON)
    assert judged(tx, 1, ["user:1"]).reasons == ("campaign_closed",)
    assert rules.running(tx, NOON) == []
    rules.set_state(tx, "citramon", "running", actor="console:a", now=NOON)
    assert judged(tx, 1, ["user:1"]).outcome == "accepted"


def test_several_campaigns_are_counted_each(tx: Session) -> None:
    toml = "".join(campaign_toml(slug, more='stack = "sum"') for slug in ("a", "b"))
    rules.import_campaigns(tx, toml, actor="console:a", now=NOON)
    decision = judged(tx, 1, ["user:1"])
    assert decision.bonus is not None
    assert decision.bonus.minor == 200
    assert (spent(tx, "a"), spent(tx, "b")) == (100, 100)
    assert rules.give_back(tx, 1, NOON)
    assert (spent(tx, "a"), spent(tx, "b")) == (0, 0)


def test_screens_show_what_runs_now(tx: Session) -> None:
    imported(tx)
    begins, ends = datetime(2026, 10, 31, 22, tzinfo=UTC), datetime(2026, 11, 30, 22, tzinfo=UTC)
    second = timedelta(seconds=1)
    found = [[one.slug for one in rules.running(tx, at)] for at in (begins - second, begins, ends - second, ends)]
    assert found == [[], ["citramon"], ["citramon"], []]
    assert [one.slug for one in rules.campaigns_for(tx, ends + timedelta(days=2))] == ["citramon"]


def test_of_twenty_receipts_at_once_one_person_is_paid_for_three(db: Database) -> None:
    with db.begin() as tx:
        imported(tx)

    def send(number: int) -> str:
        with db.begin() as tx:
            return judged(tx, number, ["user:1", "phone:a"]).outcome

    assert sorted(at_once(20, send)) == ["accepted"] * 3 + ["rejected"] * 17
    with db.begin() as tx:
        assert spent(tx) == 300


def test_twenty_people_at_once_spend_the_budget_and_no_more(db: Database) -> None:
    """In two campaigns, and in no order of their own: they wait for one another, and never for each other."""
    with db.begin() as tx:
        toml = "".join(campaign_toml(slug, more='stack = "sum"', budget="7.50") for slug in ("b", "a"))
        rules.import_campaigns(tx, toml, actor="console:a", now=NOON)

    def send(number: int) -> int:
        with db.begin() as tx:
            payees = [f"user:{number}", f"phone:{number % 7}"]
            random.Random(number).shuffle(payees)
            decision = judged(tx, number, payees)
            return decision.bonus.minor if decision.bonus else 0

    assert sum(at_once(20, send)) == 1500
    with db.begin() as tx:
        assert (spent(tx, "a"), spent(tx, "b")) == (750, 750)


def test_one_receipt_taken_and_given_back_by_many_at_once_counts_once(db: Database) -> None:
    with db.begin() as tx:
        decision = accepted(imported(tx), 100)

    def take(number: int) -> bool:
        with db.begin() as tx:
            return rules.take(tx, decision, 1, ["user:1"], NOON)

    def give_back(number: int) -> bool:
        with db.begin() as tx:
            return rules.give_back(tx, 1, NOON)

    assert sum(at_once(10, take)) == 1
    with db.begin() as tx:
        assert spent(tx) == 100
    assert sum(at_once(10, give_back)) == 1
    with db.begin() as tx:
        assert spent(tx) == 0


def test_decisions_made_without_locks_pass_no_budget(db: Database) -> None:
    with db.begin() as tx:
        decision = accepted(imported(tx, budget="5.50"), 100)

    def take(number: int) -> bool:
        try:
            with db.begin() as tx:
                return rules.take(tx, decision, number, [f"user:{number}"], NOON)
        except CampaignMoved:
            return False

    assert sum(at_once(20, take)) == 5
    with db.begin() as tx:
        assert spent(tx) == 500
