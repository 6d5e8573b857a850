"""What a campaign says of a receipt, rule by rule."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.receipts.facts import DOUBTS, FiscalCode, Reading
from services.receipts.rules import REASONS, Bonus, Facts, Limits, Shops, Tally, Used, decide, evaluate
from services.receipts.rules.campaign import SPANS
from tests.services.receipts.rules.made import CITRAMON, NOON, VITAMIN, campaign, facts, line, reading, steps

UNREAD: dict[str, Any] = {"lines": (), "texts": ()}
NO_CODE: dict[str, Any] = {"code": None, "fiscal_number": None}
PRINTED: dict[str, Any] = {"code": None, "tier": "C"}  # a fiscal number, and no code
REFUND = FiscalCode("ru:1:2:3", "RU", "1", "2", Decimal("46.50"), date(2026, 11, 20), None, "refund")
# What is on the receipt, what the campaign wants, the outcome and its reasons.
CASES: list[tuple[dict[str, Any], dict[str, Any], str, tuple[str, ...]]] = [
    ({}, {}, "accepted", ()),
    ({"tier": "A"}, {}, "accepted", ()),
    ({"tier": "C"}, {}, "accepted", ()),
    # What may not be believed goes to a person, whether it would earn or not.
    ({"tier": "D"}, {}, "review", ("unconfirmed",)),
    ({"tier": "D", "reasons": ("amount_mismatch",)}, {}, "review", ("amount_mismatch",)),
    ({"reasons": ("screenshot",)}, {}, "review", ("screenshot",)),
    ({"reasons": ("edited", "no_date")}, {}, "review", ("edited", "no_date")),
    ({"tier": "D", "lines": (line("Хліб"),), "texts": ("Хліб",)}, {}, "review", ("unconfirmed", "no_product")),
    ({"tier": "D", "total": Decimal(1)}, {"min_total": 5000}, "review", ("unconfirmed", "below_min")),
    ({**PRINTED, "tier": "D", "date": date(2026, 11, 1)}, {}, "review", ("unconfirmed", "too_old")),
    # What may be is rejected for what is certain.
    ({"lines": (line("Хліб"),), "texts": ("Хліб",)}, {}, "rejected", ("no_product",)),
    ({**UNREAD}, {}, "review", ("no_product",)),  # a code alone names nothing
    ({"date": date(2026, 11, 13), "code": None}, {}, "rejected", ("too_old",)),
    ({"date": date(2026, 11, 14), "code": None}, {}, "accepted", ()),  # seven days ago
    (
        {"tier": "D", "reasons": ("similar_picture",), "date": date(2026, 11, 13)},
        {},
        "review",
        ("similar_picture", "too_old"),
    ),
    ({"date": None}, {}, "review", ("no_date",)),
    ({"time": None, "date": date(2026, 11, 21)}, {}, "accepted", ()),
    ({"date": date(2026, 11, 22), "time": None}, {}, "rejected", ("future_date",)),
    ({"date": date(2026, 11, 21), "time": time(14, 59)}, {}, "accepted", ()),  # an hour ahead of noon in UTC
    ({"date": date(2026, 11, 21), "time": time(15, 1)}, {}, "rejected", ("future_date",)),
    ({"date": date(9999, 12, 31)}, {}, "rejected", ("future_date", "after_campaign")),
    ({"date": date(1, 1, 1)}, {}, "rejected", ("too_old", "before_campaign")),
    ({}, {"starts_at": NOON - timedelta(hours=2)}, "rejected", ("before_campaign",)),
    ({}, {"starts_at": NOON + timedelta(hours=2)}, "rejected", ("before_campaign",)),
    ({}, {"ends_at": NOON - timedelta(hours=20)}, "accepted", ()),  # bought before the end, sent after it
    ({}, {"ends_at": datetime(2026, 11, 20, 14, 12, tzinfo=UTC)}, "rejected", ("after_campaign",)),
    ({"time": None}, {"ends_at": datetime(2026, 11, 20, 14, 12, tzinfo=UTC)}, "accepted", ()),
    ({}, {"state": "stopped"}, "rejected", ("campaign_closed",)),
    # What it is.
    ({"code": REFUND}, {}, "rejected", ("refund",)),
    ({"tier": "D", "reasons": ("refund",)}, {}, "rejected", ("refund",)),
    ({"tier": "D", "reasons": ("not_receipt",)}, {}, "rejected", ("not_receipt",)),
    ({"tier": "D", "reasons": ("not_fiscal",)}, {}, "rejected", ("not_fiscal",)),
    ({"reasons": ("not_fiscal",)}, {"fiscal": False}, "accepted", ()),
    ({**NO_CODE}, {}, "review", ("fiscal_unknown",)),
    ({**NO_CODE}, {"fiscal": False}, "accepted", ()),
    ({**NO_CODE, "tier": "A", "source": "register"}, {}, "accepted", ()),
    # Where.
    ({"country": "RU", "currency": "UAH"}, {"countries": ("UA",)}, "rejected", ("country_not_in_campaign",)),
    ({"country": None}, {"countries": ("UA",)}, "review", ("country_unknown",)),
    ({"currency": "RUB"}, {}, "rejected", ("currency_mismatch",)),
    ({"currency": None}, {}, "accepted", ()),  # its country's
    ({"currency": None, "country": None}, {}, "review", ("currency_unknown",)),
    ({}, {"shops": Shops(tax_ids=("12345678",))}, "accepted", ()),
    ({}, {"shops": Shops(tax_ids=("87654321",))}, "rejected", ("merchant_not_in_campaign",)),
    ({"tax_id": None}, {"shops": Shops(tax_ids=("12345678",))}, "review", ("merchant_unknown",)),
    ({}, {"shops": Shops(names=("Аптека низьких цін",))}, "accepted", ()),
    ({"merchant": "TOB AПTEKA HИ3ЬKИX ЦIH"}, {"shops": Shops(names=("Аптека низьких цін",))}, "accepted", ()),
    ({}, {"shops": Shops(names=("Подорожник",))}, "rejected", ("merchant_not_in_campaign",)),
    ({"tax_id": "12845679"}, {"shops": Shops(tax_ids=("12345678",))}, "review", ("merchant_unknown",)),  # two digits
    ({"tax_id": "92845679"}, {"shops": Shops(tax_ids=("12345678",))}, "rejected", ("merchant_not_in_campaign",)),
    ({"tax_id": "12845679", "tier": "A"}, {"shops": Shops(("12345678",))}, "rejected", ("merchant_not_in_campaign",)),
    ({"tax_id": "123456798765"}, {"shops": Shops(tax_ids=("12345678",))}, "accepted", ()),  # its number for VAT
    ({"tax_id": "12345678"}, {"shops": Shops(tax_ids=("123456798765",))}, "accepted", ()),
    ({"tax_id": "123465798765"}, {"shops": Shops(tax_ids=("12345678",))}, "rejected", ("merchant_not_in_campaign",)),
    ({"merchant": "МАГАЗИН", "texts": ("ТзОВ Львівхолод",)}, {"shops": Shops(names=("Львівхолод",))}, "accepted", ()),
    ({"merchant": "Подоржнзк"}, {"shops": Shops(names=("Подорожник",))}, "accepted", ()),
    ({"merchant": "Подзржнзк"}, {"shops": Shops(names=("Подорожник",))}, "review", ("merchant_unknown",)),
    ({"merchant": None}, {"shops": Shops(names=("Подорожник",))}, "review", ("merchant_unknown",)),
    ({}, {"shops": Shops(("1234567890",), ("Аптека низьких цін",))}, "accepted", ()),
    # How much.
    ({}, {"min_total": 4650}, "accepted", ()),
    ({}, {"min_total": 4651}, "rejected", ("below_min",)),
    ({"total": None}, {"min_total": 1}, "review", ("no_total",)),
    ({"total": None}, {}, "accepted", ()),
    ({}, {"min_matched_sum": 3240}, "accepted", ()),
    ({}, {"min_matched_sum": 3241}, "rejected", ("below_min",)),
    ({"lines": ()}, {"min_matched_sum": 1}, "review", ("sum_unknown",)),
    ({"lines": ()}, {}, "accepted", ()),  # the texts name it, and a fixed bonus asks no more
    ({"total": Decimal("32.39")}, {"min_matched_sum": 1}, "review", ("sums_do_not_add_up",)),
    ({"lines": (line(quantity="2"),)}, {"min_quantity": 2}, "accepted", ()),
    ({"lines": (line(), line())}, {"min_quantity": 2}, "accepted", ()),
    ({}, {"min_quantity": 2}, "rejected", ("below_min",)),
    ({"lines": ()}, {"min_quantity": 2}, "review", ("quantity_unknown",)),
    ({"lines": (replace(line(), quantity=Decimal(7)),)}, {"min_quantity": 2}, "review", ("quantity_unknown",)),
    ({"lines": (line(confidence=69),)}, {}, "accepted", ()),  # what it cost does not matter
    ({"lines": (line(confidence=69),)}, {"min_matched_sum": 1}, "review", ("sum_unknown",)),
    ({"lines": (line(confidence=69),)}, {"min_matched_sum": 3241}, "review", ("below_min",)),
    ({"lines": (line(confidence=70), line("Пакет", confidence=0))}, {"min_matched_sum": 1}, "accepted", ()),
    ({"lines": (line(confidence=0),), "tier": "A"}, {"min_matched_sum": 1}, "accepted", ()),
    ({"lines": (line(quantity="2", confidence=69),)}, {"min_quantity": 2}, "review", ("quantity_unknown",)),
    ({"lines": (line(confidence=69),)}, {"min_quantity": 2}, "review", ("below_min",)),
    ({**UNREAD}, {"products": ()}, "accepted", ()),
    # Nothing was read: a person cannot know more, unless it was our own fault.
    ({**UNREAD, "reasons": ("unreadable",)}, {}, "review", ("unreadable", "no_product")),  # but there is a code
]


@pytest.mark.parametrize(("on_it", "wanted", "outcome", "reasons"), CASES)
def test_what_is_said(on_it: dict[str, Any], wanted: dict[str, Any], outcome: str, reasons: tuple[str, ...]) -> None:
    decision = evaluate(campaign(**wanted), facts(**on_it))
    assert (decision.outcome, decision.reasons) == (outcome, reasons)
    assert (decision.bonus is None) == (outcome == "rejected") or outcome == "review"
    assert bool(decision.awards) == (outcome == "accepted")
    assert set(decision.reasons) <= REASONS | DOUBTS
    assert decide([campaign(**wanted)], facts(**on_it)) == decision


@pytest.mark.parametrize("fault", [None, "unreadable", "engine_failed", "no_engine"])
def test_where_nothing_was_read_only_our_own_fault_asks_for_a_person(fault: str | None) -> None:
    decision = evaluate(campaign(), Facts(Reading("D", (fault,) if fault else ()), NOON))
    if fault in ("engine_failed", "no_engine"):
        unknown = ("fiscal_unknown", "currency_unknown", "no_date", "no_product")
        assert (decision.outcome, decision.reasons) == ("review", (fault, *unknown))
    else:
        assert (decision.outcome, decision.reasons) == ("rejected", ("unreadable",))


@pytest.mark.parametrize(
    ("on_it", "wanted", "outcome", "reasons"),
    [
        ({"tier": "D", "reasons": ("screenshot", "typed_in")}, {}, "accepted", ()),
        ({"tier": "D", **NO_CODE, "currency": None, "country": None}, {"countries": ("UA",)}, "accepted", ()),
        ({"tier": "D", "merchant": None}, {"shops": Shops(names=("Подорожник",))}, "accepted", ()),
        ({"tier": "D", "lines": (line(confidence=0),)}, {"min_matched_sum": 1, "min_quantity": 1}, "accepted", ()),
        # Approving takes no rule away.
        ({"tier": "D", "date": date(2026, 11, 1)}, {}, "rejected", ("too_old",)),
        ({"tier": "D", "date": None}, {}, "review", ("no_date",)),
        ({"tier": "D", "lines": (line("Хліб"),), "texts": ()}, {}, "rejected", ("no_product",)),
        ({"tier": "D", **UNREAD}, {}, "review", ("no_product",)),
        ({"tier": "D", "lines": ()}, {"bonus": Bonus("percent", percent=500)}, "review", ("sum_unknown",)),
        ({"tier": "D", "total": None}, {"bonus": Bonus("percent", "total", percent=500)}, "review", ("no_total",)),
        ({"tier": "D", "reasons": ("not_fiscal",)}, {}, "rejected", ("not_fiscal",)),
        ({"code": REFUND}, {}, "rejected", ("refund",)),
    ],
)
def test_what_a_person_has_approved(
    on_it: dict[str, Any], wanted: dict[str, Any], outcome: str, reasons: tuple[str, ...]
) -> None:
    decision = evaluate(campaign(**wanted), facts(**on_it), reviewed=True)
    assert (decision.outcome, decision.reasons) == (outcome, reasons)


def test_limits_and_budget_stand_against_doubtful_and_approved_ones_too() -> None:
    full = Used(by_span={"day": Tally(3, 300)})
    spent = Used(spent=10_000)
    for on_it in ({}, {"tier": "D"}):
        for reviewed in (False, True):
            assert evaluate(campaign(), facts(**on_it), full, reviewed=reviewed).reasons == ("limit_user_day",)
            assert evaluate(campaign(), facts(**on_it), spent, reviewed=reviewed).reasons == ("limit_budget",)


def test_a_reviewer_is_shown_what_it_would_be() -> None:
    decision = evaluate(campaign(), facts(tier="D"))
    assert decision.bonus == campaign().money(100)
    assert decision.awards == ()
    assert evaluate(campaign(), facts(tier="D", lines=(line("Хліб"),), texts=())).bonus is None


TIERS = ((10_000, 200), (50_000, 1500))


@pytest.mark.parametrize(
    ("bonus", "on_it", "earned"),
    [
        (Bonus("fixed", minor=100), {}, 100),
        (Bonus("percent", percent=500), {}, 162),  # 5 % of 32.40
        (Bonus("percent", percent=250), {}, 81),  # 2.5 %
        (Bonus("percent", "total", percent=500), {}, 232),  # of 46.50, rounded down
        (Bonus("percent", percent=500, least=500), {}, 500),
        (Bonus("percent", percent=500, most=100), {}, 100),
        (Bonus("percent", percent=1), {"lines": (line(cost="0.99"),)}, None),  # less than a kopeck
        (Bonus("percent", percent=1, least=50), {"lines": (line(cost="0.99"),)}, None),
        (Bonus("per_item", minor=30), {"lines": (line(quantity="3"), line())}, 120),
        (Bonus("per_item", minor=30, most=100), {"lines": (line(quantity="3"), line())}, 100),
        (Bonus("tiers", "total", tiers=TIERS), {"total": Decimal("99.99")}, None),
        (Bonus("tiers", "total", tiers=TIERS), {"total": Decimal("100.00")}, 200),
        (Bonus("tiers", "total", tiers=TIERS), {"total": Decimal("499.99")}, 200),
        (Bonus("tiers", "total", tiers=TIERS), {"total": Decimal("500.00")}, 1500),
        (Bonus("tiers", tiers=TIERS), {"total": Decimal("500.00"), "lines": (line(cost="120.00"),)}, 200),
    ],
)
def test_what_is_earned(bonus: Bonus, on_it: dict[str, Any], earned: int | None) -> None:
    decision = evaluate(campaign(bonus=bonus), facts(**on_it))
    assert (decision.bonus.minor if decision.bonus else None) == earned
    assert decision.outcome == ("rejected" if earned is None else "accepted")
    assert decision.reasons == (("below_min",) if earned is None else ())


@pytest.mark.parametrize(
    ("limits", "used", "earned", "reasons"),
    [
        (Limits(), Used(), 1000, ()),
        (Limits(per_receipt=999), Used(), 999, ()),
        (Limits(per_receipt=1000), Used(), 1000, ()),
        (Limits(counts={"day": 3}), Used(by_span={"day": Tally(2, 0)}), 1000, ()),
        (Limits(counts={"day": 3}), Used(by_span={"day": Tally(3, 0)}), None, ("limit_user_day",)),
        (Limits(counts={"week": 3}), Used(by_span={"week": Tally(4, 0)}), None, ("limit_user_week",)),
        (Limits(counts={"month": 3}), Used(by_span={"month": Tally(3, 0)}), None, ("limit_user_month",)),
        (Limits(counts={"total": 3}), Used(by_span={"total": Tally(3, 0)}), None, ("limit_user_total",)),
        (Limits(sums={"day": 1500}), Used(by_span={"day": Tally(1, 600)}), 900, ()),
        (Limits(sums={"month": 1500}), Used(by_span={"month": Tally(1, 1499)}), 1, ()),
        (Limits(sums={"total": 1500}), Used(by_span={"total": Tally(1, 1500)}), None, ("limit_user_total",)),
        (Limits(), Used(spent=9_999), 1, ()),
        (Limits(), Used(spent=10_000), None, ("limit_budget",)),
        (Limits(900, {"day": 1}, {"week": 800, "total": 700}), Used(9_400), 600, ()),
    ],
)
def test_what_limits_leave(limits: Limits, used: Used, earned: int | None, reasons: tuple[str, ...]) -> None:
    decision = evaluate(campaign(bonus=Bonus("fixed", minor=1000), limits=limits), facts(), used)
    assert ((decision.bonus.minor if decision.bonus else None), decision.reasons) == (earned, reasons)


def test_caps_are_told_in_the_order_in_which_they_are_applied() -> None:
    one = campaign(
        bonus=Bonus("percent", "total", percent=10_000, most=4000),
        limits=Limits(3000, {"day": 1}, {"day": 2000, "total": 1500}),
        budget=1000,
    )
    decision = evaluate(one, facts())
    cuts = [(step.rule, step.saw, step.wants) for step in decision.trace if step.result == "cut"]
    assert cuts == [
        ("bonus_max", "46.50 UAH", "40.00 UAH"),
        ("per_receipt", "40.00 UAH", "30.00 UAH"),
        ("sum_day", "30.00 UAH", "20.00 UAH"),
        ("sum_total", "20.00 UAH", "15.00 UAH"),
        ("budget", "15.00 UAH", "10.00 UAH"),
    ]
    assert decision.trace[-1].rule == "pays"
    assert decision.trace[-1].saw == "10.00 UAH"


def test_every_rule_is_explained() -> None:
    decision = evaluate(campaign(shops=Shops(names=("Аптека",)), min_quantity=2), facts())
    rules = ["state", "trust", "fiscal", "country", "currency", "dates", "person", "merchant", "total", "products"]
    assert list(steps(decision)) == [*rules, "quantity"]
    last = decision.trace[-1]
    assert (last.campaign, last.saw, last.wants, last.result, last.reason) == ("citramon", "1", "2", "no", "below_min")


def test_only_new_people() -> None:
    one = campaign(new_people_days=30)
    for days, outcome in ((30, "accepted"), (31, "rejected")):
        known = Facts(reading(), NOON, NOON - timedelta(days=days))
        assert evaluate(one, known).outcome == outcome
    assert evaluate(one, facts()).outcome == "accepted"


def test_far_away_it_is_tomorrow_already() -> None:
    """A receipt of Kamchatka, judged by a campaign of Moscow."""
    one = campaign(currency="RUB", time_zone="Europe/Moscow")
    ahead = {"country": "RU", "currency": "RUB", "date": date(2026, 11, 22), "time": time(0, 0), "code": None}
    assert evaluate(one, facts(**ahead)).outcome == "accepted"
    assert evaluate(one, facts(**{**ahead, "time": time(1, 1)})).reasons == ("future_date",)


def test_a_code_is_believed_about_its_day() -> None:
    """What it says was not read by a guess: nobody needs to look at a receipt of last year."""
    old = date(2025, 11, 20)
    code = replace(reading().code or REFUND, date=old)
    assert evaluate(campaign(), facts(tier="D", code=code, date=old)).outcome == "rejected"
    assert evaluate(campaign(), facts(tier="D", code=code, date=date(2026, 11, 20))).outcome == "review"


def test_a_decision_is_plain_values() -> None:
    decision = evaluate(campaign(products=(CITRAMON, VITAMIN)), facts())
    stored = json.loads(json.dumps(decision.as_json()))
    assert stored["bonus"] == {"minor": 100, "currency": "UAH"}
    assert stored["awards"] == [{"campaign": "citramon", "version": 1, "bonus": {"minor": 100, "currency": "UAH"}}]
    assert stored["matched"][0]["lines"] == [0]
    assert len(stored["trace"]) == len(decision.trace)


def test_every_reason_is_given_somewhere() -> None:
    """Whoever has words for REASONS has words for what happens."""
    given = {reason for _, _, _, reasons in CASES for reason in reasons}
    tested_elsewhere = {f"limit_user_{span}" for span in SPANS} | {"limit_budget", "no_campaign", "not_for_you"}
    assert given | tested_elsewhere >= REASONS
