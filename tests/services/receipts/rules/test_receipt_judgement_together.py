"""Campaigns side by side, and what holds for whatever they are."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.receipts.facts import DOUBTS, Reading, ReadLine
from services.receipts.rules import Bonus, Campaign, Decision, Facts, Limits, Shops, Tally, Used, decide, evaluate
from services.receipts.rules.campaign import SPANS
from tests.services.receipts.rules.made import CITRAMON, NOON, VITAMIN, campaign, facts, line, reading

FEW = settings(max_examples=50)


def pays(slug: str, minor: int, **changes: Any) -> Campaign:
    return campaign(slug, bonus=Bonus("fixed", minor=minor), **changes)


def told(decision: Decision) -> tuple[object, ...]:
    awards = [(award.campaign, award.bonus.minor) for award in decision.awards]
    return decision.outcome, decision.campaign, decision.bonus and decision.bonus.minor, awards, decision.reasons


@pytest.mark.parametrize(
    ("campaigns", "leads", "awards"),
    [
        ([pays("a", 100), pays("b", 200)], "b", {"b": 200}),
        ([pays("a", 200), pays("b", 200)], "a", {"a": 200}),
        ([pays("a", 100, priority=1), pays("b", 200)], "b", {"b": 200}),
        ([pays("a", 100, priority=1, stack="first"), pays("b", 200)], "a", {"a": 100}),
        ([pays("a", 100, stack="first"), pays("b", 200, priority=1)], "b", {"b": 200}),
        ([pays("a", 100, stack="sum"), pays("b", 150, stack="sum")], "a", {"a": 100, "b": 150}),
        ([pays("a", 100, stack="sum"), pays("b", 150, stack="sum"), pays("c", 250)], "a", {"a": 100, "b": 150}),
        ([pays("a", 100, stack="sum"), pays("b", 150, stack="sum"), pays("c", 251)], "c", {"c": 251}),
        ([pays("a", 100, stack="sum"), pays("b", 150)], "b", {"b": 150}),
        ([pays("a", 100, stack="sum"), pays("b", 90, stack="sum", payout="manual")], "a", {"a": 100}),
    ],
)
def test_who_pays(campaigns: list[Campaign], leads: str, awards: dict[str, int]) -> None:
    for order in (campaigns, campaigns[::-1]):
        decision = decide(order, facts())
        assert (decision.outcome, decision.campaign) == ("accepted", leads)
        assert {award.campaign: award.bonus.minor for award in decision.awards} == awards
        assert decision.bonus == campaigns[0].money(sum(awards.values()))
        assert {step.campaign for step in decision.trace} == {one.slug for one in campaigns}


def test_without_campaigns_there_is_nothing_to_earn() -> None:
    assert told(decide([], facts())) == ("rejected", None, None, [], ("no_campaign",))


def test_of_rejections_the_one_is_told_that_came_nearest() -> None:
    foreign = campaign("a", currency="RUB", priority=5)
    empty = campaign("b", products=(VITAMIN,))
    full = campaign("c")
    used = {"c": Used(by_span={"day": Tally(3, 0)})}
    assert decide([foreign, empty, full], facts(), used).reasons == ("limit_user_day",)
    assert decide([foreign, empty], facts()).reasons == ("no_product",)
    assert decide([foreign], facts()).reasons == ("currency_mismatch",)


def test_what_pays_at_once_is_paid_unless_a_more_important_one_asks_for_a_person() -> None:
    asks = campaign("a", countries=("UA",))
    at_once = campaign("b")
    unknown = facts(country=None)
    assert decide([asks, at_once], unknown).campaign == "b"
    decision = decide([replace(asks, priority=1), at_once], unknown)
    assert (decision.outcome, decision.campaign, decision.reasons) == ("review", "a", ("country_unknown",))


def test_campaigns_of_other_currencies_are_not_added_up() -> None:
    """An approved receipt whose currency nobody knows."""
    nowhere = facts(tier="D", currency=None, country=None)
    both = [pays("a", 100, stack="sum"), pays("b", 500, stack="sum", currency="RUB")]
    assert told(decide(both, nowhere, reviewed=True))[1:4] == ("a", 100, [("a", 100)])


amounts = st.integers(100, 10_000)
bonuses = st.one_of(
    st.builds(Bonus, st.just("fixed"), minor=amounts),
    st.builds(Bonus, st.just("per_item"), minor=amounts, most=st.none() | amounts),
    st.builds(
        Bonus,
        st.just("percent"),
        st.sampled_from(["matched", "total"]),
        percent=st.integers(1, 10_000),
        least=st.integers(0, 100),
        most=st.none() | st.integers(100, 5000),
    ),
    st.builds(
        Bonus,
        st.just("tiers"),
        st.sampled_from(["matched", "total"]),
        tiers=st.lists(st.tuples(amounts, amounts), min_size=1, max_size=3).map(lambda some: tuple(sorted(some))),
    ),
)
spans = st.sampled_from(SPANS)
limits = st.builds(
    Limits,
    per_receipt=st.none() | amounts,
    counts=st.dictionaries(spans, st.integers(2, 3), max_size=2),
    sums=st.dictionaries(spans, st.integers(500, 2000), max_size=2),
)
used = st.builds(
    Used,
    spent=st.integers(0, 1500),
    by_span=st.fixed_dictionaries({span: st.builds(Tally, st.integers(0, 2), st.integers(0, 600)) for span in SPANS}),
)


@st.composite
def campaigns(draw: st.DrawFn, slug: str = "a") -> Campaign:
    return campaign(
        slug,
        bonus=draw(bonuses),
        limits=draw(limits),
        budget=draw(st.integers(1000, 3000)),
        products=draw(st.sampled_from([(CITRAMON,), (CITRAMON, VITAMIN)])),
        priority=draw(st.integers(0, 2)),
        stack=draw(st.sampled_from(["best", "sum", "first"])),
        payout=draw(st.sampled_from(["balance", "manual"])),
        min_total=draw(st.sampled_from([0, 0, 5000])),
        countries=draw(st.sampled_from([(), ("UA",)])),
    )


several = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True).flatmap(
    lambda slugs: st.tuples(*(campaigns(slug) for slug in slugs))
)
names = st.sampled_from(["Цитрамон-Дарниця", "патвенонадерниця", "Вітамін С шипучий", "Пакет", ""])
lines = st.lists(
    st.builds(
        lambda name, cost, quantity: line(name, f"{Decimal(cost) / 100:.2f}", str(quantity)),
        names,
        st.integers(-500, 3000),
        st.integers(1, 4),
    ),
    max_size=3,
).map(lambda rows: (line(cost="40.00", quantity="2"), *rows))
readings = st.builds(
    lambda tier, rows, total, country: reading(tier=tier, lines=rows, total=total, country=country),
    st.sampled_from(["B", "A", "C", "D"]),
    lines,
    st.integers(30_000, 60_000).map(lambda minor: Decimal(minor) / 100) | st.none(),
    st.sampled_from(["UA", "UA", None]),
)


@FEW
@given(several, readings, st.fixed_dictionaries(dict.fromkeys("abcd", used)), st.booleans())
def test_nothing_is_paid_above_any_cap_or_budget(
    some: tuple[Campaign, ...], read: Reading, by_slug: dict[str, Used], reviewed: bool
) -> None:
    decision = decide(some, Facts(read, NOON), by_slug, reviewed=reviewed)
    assert (decision.bonus is not None and decision.bonus.minor > 0) or decision.outcome != "accepted"
    if decision.outcome == "accepted":
        assert reviewed or read.tier != "D"
    else:
        assert decision.awards == ()
        assert decision.reasons
    for award in decision.awards:
        (one,) = (one for one in some if one.slug == award.campaign)
        had, minor = by_slug[one.slug], award.bonus.minor
        assert had.spent + minor <= one.budget
        assert minor <= (one.limits.per_receipt or minor)
        assert minor <= (one.bonus.most or minor)
        assert all(had.of(span).count < most for span, most in one.limits.counts.items())
        assert all(had.of(span).minor + minor <= most for span, most in one.limits.sums.items())


@FEW
@given(several.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))), readings, st.randoms())
def test_the_order_of_campaigns_and_lines_changes_nothing(
    both: tuple[tuple[Campaign, ...], list[Campaign]], read: Reading, chance: Any
) -> None:
    mixed = list(read.lines)
    chance.shuffle(mixed)
    other = replace(read, lines=tuple(mixed))
    assert told(decide(both[0], Facts(read, NOON))) == told(decide(both[1], Facts(other, NOON)))


@FEW
@given(campaigns(), readings, used, st.sampled_from(["per_receipt", "most", "budget", "count", "sum"]), amounts, spans)
def test_raising_a_cap_never_lowers_a_bonus(
    one: Campaign, read: Reading, had: Used, cap: str, by: int, span: str
) -> None:
    own = one.limits
    match cap:
        case "per_receipt":
            higher = replace(one, limits=replace(own, per_receipt=own.per_receipt and own.per_receipt + by))
        case "most":
            higher = replace(one, bonus=replace(one.bonus, most=one.bonus.most and one.bonus.most + by))
        case "count":
            more = {name: most + (by if name == span else 0) for name, most in own.counts.items()}
            higher = replace(one, limits=replace(own, counts=more))
        case "sum":
            more = {name: most + (by if name == span else 0) for name, most in own.sums.items()}
            higher = replace(one, limits=replace(own, sums=more))
        case _:
            higher = replace(one, budget=one.budget + by)
    before, after = (evaluate(each, Facts(read, NOON), had, reviewed=True) for each in (one, higher))
    assert (after.bonus.minor if after.bonus else 0) >= (before.bonus.minor if before.bonus else 0)


@FEW
@given(st.integers(1, 10_000), st.integers(1, 10**9))
def test_a_percentage_is_exact_and_rounded_down(percent: int, base: int) -> None:
    one = campaign(bonus=Bonus("percent", "total", percent=percent), budget=10**10)
    decision = evaluate(one, facts(total=Decimal(base) / 100))
    exact = Fraction(base) * percent / 10_000
    assert (decision.bonus.minor if decision.bonus else 0) == exact.numerator // exact.denominator


anything = st.decimals(allow_nan=True, allow_infinity=True)
odd_lines = st.builds(ReadLine, st.text(max_size=12) | names, anything, anything, anything)
odd_readings = st.builds(
    Reading,
    st.sampled_from(["A", "B", "C", "D"]),
    st.lists(st.sampled_from(sorted(DOUBTS)), max_size=2).map(tuple),
    st.none() | st.text(max_size=12),
    st.none() | st.text(max_size=12),
    st.none() | st.dates(),
    st.none() | st.times(),
    st.none() | anything,
    st.sampled_from([None, "UAH", "грн"]),
    st.sampled_from([None, "UA", "XX"]),
    st.lists(odd_lines, max_size=3).map(tuple),
    texts=st.lists(st.text(max_size=20), max_size=3).map(tuple),
)


@FEW
@given(campaigns(), odd_readings, st.booleans())
def test_whatever_was_read_has_an_answer(one: Campaign, read: Reading, reviewed: bool) -> None:
    decision = evaluate(replace(one, shops=Shops(("12345678",), ("Аптека",))), Facts(read, NOON), reviewed=reviewed)
    assert decision.trace
    assert bool(decision.reasons) == (decision.outcome != "accepted")
    if {"refund", "not_receipt"} & set(read.reasons):
        assert decision.outcome == "rejected"
    json.dumps(decision.as_json(), allow_nan=False)
