"""The operator's file: all of it or nothing, and every fault at once."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services.platform.audit import AuditRow
from services.receipts import rules
from services.receipts.rules import (
    REASONS,
    BadCampaigns,
    Bonus,
    Campaign,
    Limits,
    Shops,
    evaluate,
    form,
    read_campaigns,
)
from services.receipts.rules.section import Section
from tests.services.receipts.rules.made import NOON, accepted, campaign_toml, facts, imported

SAMPLE = Path(__file__).parents[4] / "apps" / "console" / "receipts.sample.toml"
EVERYTHING = """
[[campaign]]
slug = "all"
name = {uk = "Усе"}
starts_at = 2026-11-01T00:00:00
ends_at = 2026-12-01T00:00:00+02:00
time_zone = "Europe/Kyiv"
currency = "UAH"
budget = "1000"
state = "stopped"
countries = ["UA", "PL"]
fiscal = false
max_age_days = 3
min_total = "50.00"
min_matched_sum = "10.50"
min_quantity = 2
new_people_days = 30
priority = -5
stack = "sum"
payout = "portmone"
shops = {tax_ids = ["12345678"], names = ["Аптека"]}
products = [{sku = "D001", name = "Цитрамон", aliases = ["Цитрамон", "дарниця"], exclude = ["гель"], min_score = 0.95}]
limits = {per_receipt = "5.00", count = {day = "any", week = 10}, sum = {month = "20.00"}}
[campaign.bonus]
type = "tiers"
base = "total"
tiers = [{from = "100", value = "2"}, {from = "200", value = "5"}]
min = "1"
max = "5"
"""


def faults(toml: str) -> list[str]:
    with pytest.raises(BadCampaigns) as refused:
        read_campaigns(toml)
    return refused.value.faults


def changed(**fields: str) -> str:
    """The sample of a campaign with other values, as TOML writes them."""
    lines = [line for line in campaign_toml().splitlines() if line.split(" =")[0] not in fields]
    given = [f"{name} = {value}" for name, value in fields.items() if value]
    return "\n".join([*lines[:2], *given, *lines[2:]])


def test_everything_that_can_be_said_is_read(tx: Session) -> None:
    rules.import_campaigns(tx, EVERYTHING, actor="console:a", now=NOON)
    found = rules.campaign(tx, "all")
    assert (found.version, found.state, found.name) == (1, "stopped", {"uk": "Усе"})
    assert found.starts_at == datetime(2026, 10, 31, 22, tzinfo=UTC)
    assert found.ends_at == datetime(2026, 11, 30, 22, tzinfo=UTC)
    assert (found.currency, found.budget, found.time_zone) == ("UAH", 100_000, "Europe/Kyiv")
    assert (found.countries, found.fiscal, found.max_age_days, found.new_people_days) == (("PL", "UA"), False, 3, 30)
    assert (found.min_total, found.min_matched_sum, found.min_quantity) == (5000, 1050, 2)
    assert (found.priority, found.stack, found.payout) == (-5, "sum", "portmone")
    assert found.shops == Shops(("12345678",), ("Аптека",))
    assert found.bonus == Bonus("tiers", "total", tiers=((10_000, 200), (20_000, 500)), least=100, most=500)
    assert found.limits == Limits(500, {"week": 10}, {"month": 2000})
    (product,) = found.products
    assert (product.sku, product.aliases, product.exclude) == ("D001", ("Цитрамон", "дарниця"), ("гель",))
    assert str(product.min_score) == "0.95"


def test_what_is_left_out_is_as_people_expect(tx: Session) -> None:
    found = imported(tx)
    assert (found.state, found.fiscal, found.max_age_days, found.stack, found.payout) == (
        *("running", True, 7),
        *("best", "balance"),
    )
    assert found.limits == Limits(None, {"day": 3}, {})


def test_the_example_can_be_imported(tx: Session) -> None:
    report = rules.import_campaigns(tx, SAMPLE.read_text(), actor="console:a", now=NOON)
    assert report.added == ["citramon", "vitamins"]
    assert {one.slug for one in rules.running(tx, NOON)} == {"citramon", "vitamins"}


def test_the_page_for_operators_tells_the_truth() -> None:
    page = (SAMPLE.parents[2] / "docs" / "receipts-campaigns.md").read_text()
    ((slug, _, _),) = read_campaigns(page.split("```toml")[1].split("```")[0])
    assert slug == "citramon"
    table = set(re.findall(r"`([a-z_]+)`", page))
    assert table >= REASONS
    assert table >= {field.name for field in dataclasses.fields(Campaign)} - {"version"}


def test_changed_rules_are_the_next_version_and_the_earlier_ones_stay(tx: Session) -> None:
    imported(tx)
    again = rules.import_campaigns(tx, campaign_toml(), actor="console:a", now=NOON)
    assert (again.same, again.changed) == (["citramon"], [])
    report = rules.import_campaigns(tx, campaign_toml(budget="200.00"), actor="console:a", now=NOON)
    assert report.changed == ["citramon"]
    assert (rules.campaign(tx, "citramon").version, rules.campaign(tx, "citramon").budget) == (2, 20_000)
    assert rules.campaign(tx, "citramon", 1).budget == 10_000
    with pytest.raises(rules.ReceiptCampaignNotFound):
        rules.campaign(tx, "citramon", 3)
    other = rules.import_campaigns(tx, campaign_toml("b"), actor="console:a", now=NOON)
    assert (other.added, other.untouched) == (["b"], ["citramon"])
    said = [row.detail for row in tx.query(AuditRow).order_by(AuditRow.id)]
    assert said == [{"version": number, "state": "running"} for number in (1, 2, 1)]


def test_the_same_moment_written_otherwise_is_no_change(tx: Session) -> None:
    imported(tx)
    toml = changed(starts_at="2026-10-31T22:00:00Z")
    assert rules.import_campaigns(tx, toml, actor="console:a", now=NOON).same == ["citramon"]


def test_a_stopped_campaign_stays_so_unless_the_file_says_otherwise(tx: Session) -> None:
    imported(tx)
    rules.set_state(tx, "citramon", "stopped", actor="console:a", now=NOON)
    assert imported(tx, budget="50.00").state == "stopped"
    report = rules.import_campaigns(tx, changed(budget='"50.00"', state='"running"'), actor="console:a", now=NOON)
    assert report.changed == ["citramon"]
    assert (rules.campaign(tx, "citramon").state, rules.campaign(tx, "citramon").version) == ("running", 2)
    with pytest.raises(rules.ReceiptCampaignNotFound):
        rules.set_state(tx, "nothing", "stopped", actor="console:a", now=NOON)


def test_what_is_spent_binds_and_nothing_is_half_imported(tx: Session) -> None:
    rules.take(tx, accepted(imported(tx), 500), 1, ["user:1"], NOON)
    for bad, said in (
        (campaign_toml(budget="4.99"), "budget is below what is spent already, 5.00 UAH"),
        (changed(currency='"RUB"'), "currency has paid UAH and stays so"),
    ):
        with pytest.raises(BadCampaigns) as refused:
            rules.import_campaigns(tx, campaign_toml("new") + bad, actor="console:a", now=NOON)
        assert refused.value.faults == [f"campaign 'citramon': {said}"]
    assert [one.campaign.slug for one in rules.standings(tx)] == ["citramon"]
    assert imported(tx, budget="5.00").budget == 500


HERE = "campaign 'citramon'"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"colour": '"red"'}, "colour is not known"),
        ({"slug": '"Citramon"'}, "slug must be 1 to 31 of a-z, 0-9 and -, beginning with a letter"),
        ({"name": '"Цитрамон"'}, "name must be texts of at most 60 characters by language"),
        ({"name": '{de = "Citramon"}'}, "name must be texts"),
        ({"name": "{}"}, "name must be texts"),
        ({"starts_at": '"2026-11-01"'}, "starts_at must be a moment such as 2026-12-01T00:00:00, without quotes"),
        ({"starts_at": "2026-11-01"}, "starts_at must be a moment"),
        ({"starts_at": "0001-01-01T00:00:00"}, "starts_at must be a moment"),
        ({"time_zone": ""}, "starts_at has no offset: add one, or time_zone"),
        ({"time_zone": '"Kyiv"'}, "time_zone must be a time zone such as Europe/Kyiv"),
        ({"time_zone": '"../etc/passwd"'}, "time_zone must be"),
        ({"time_zone": "3"}, "time_zone must be"),
        ({"ends_at": "2026-10-01T00:00:00"}, "ends_at must be after starts_at"),
        ({"currency": '"XTR"'}, "currency must be one of UAH, RUB, USD, EUR"),
        ({"currency": "7"}, "currency must be one of"),
        ({"budget": ""}, "budget must be an amount in quotes"),
        ({"budget": "100"}, "budget must be an amount in quotes"),
        ({"budget": '"0"'}, "budget must be above zero"),
        ({"budget": '"-5"'}, "budget must be above zero"),
        ({"budget": '"1.001"'}, "budget must be an amount"),
        ({"budget": '"2000000000"'}, "budget must be above zero, and at most 1000000000.00"),
        ({"budget": '"99999999999999999999"'}, "budget must be an amount"),
        ({"budget": "[]"}, "budget must be an amount"),
        ({"state": '"paused"'}, "state must be one of running, stopped"),
        ({"countries": '["Ukraine"]'}, "countries[0] must be countries such as UA"),
        ({"countries": '"UA"'}, "countries must be a list"),
        ({"fiscal": '"no"'}, "fiscal must be true or false"),
        ({"max_age_days": "7.5"}, "max_age_days must be a whole number from 0 to 366"),
        ({"max_age_days": "99999999999999999999"}, "max_age_days must be a whole number"),
        ({"max_age_days": "true"}, "max_age_days must be a whole number"),
        ({"priority": "1001"}, "priority must be a whole number from -1000 to 1000"),
        ({"stack": '"all"'}, "stack must be one of best, sum, first"),
        ({"payout": '"cash"'}, "payout must be one of balance, portmone, manual"),
        ({"payout": '"portmone"', "currency": '"RUB"'}, "payout portmone pays UAH only"),
        ({"shops": '["ATB"]'}, "shops must be a table"),
        ({"shops": "{tax_ids = [12345678]}"}, "shops: tax_ids must be a list of tax numbers"),
        ({"shops": '{tax_ids = ["123"]}'}, "shops: tax_ids[0] must be tax numbers of 8 to 12 digits"),
        ({"shops": '{names = ["ATB", "ATB"]}'}, "shops: names names something twice"),
        ({"products": '"Цитрамон"'}, "products must be a list of tables"),
        ({"products": "[{}]"}, "products[0]: sku must be up to 60"),
        (
            {"products": '[{sku = "1", name = "A", aliases = ["ab"]}]'},
            "products[0]: aliases[0] must have three letters",
        ),
        ({"products": '[{sku = "1", name = "A", aliases = ["--- ---"]}]'}, "products[0]: aliases[0] must have three"),
        ({"products": '[{sku = "1", name = "A", aliases = []}]'}, "products[0]: aliases must name the product"),
        ({"products": '[{sku = "1", name = "A", aliases = ["abc"], min_score = 80}]'}, "min_score must be a number"),
        ({"products": '[{sku = "1", name = "A", aliases = ["abc"], min_score = nan}]'}, "min_score must be a number"),
        ({"products": '[{sku = "1", name = "A", aliases = ["abc"], min_score = 0.4}]'}, "from 0.5 to 1"),
        ({"products": '[{sku = "1", name = "A", aliases = ["abc"], price = "1"}]'}, "products[0]: price is not known"),
        (
            {"products": '[{sku = "1", name = "A", aliases = ["abc"]}, {sku = "1", name = "B", aliases = ["xyz"]}]'},
            "products have '1' twice",
        ),
        ({"products": "", "min_quantity": "1"}, "min_quantity says nothing without products"),
        ({"products": "", "bonus": '{type = "percent", value = "5"}'}, 'bonus needs products, or base = "total"'),
        ({"bonus": ""}, "bonus must be a table"),
        ({"bonus": "{}"}, "bonus: type must be one of fixed, percent, per_item, tiers"),
        ({"bonus": '{type = "fixed"}'}, "bonus: value must be an amount in quotes"),
        ({"bonus": '{type = "fixed", value = "1", max = "2"}'}, "bonus: max is not known"),
        ({"bonus": '{type = "percent", value = "101"}'}, "bonus: value must be a percentage"),
        ({"bonus": '{type = "percent", value = "0"}'}, "bonus: value must be a percentage"),
        ({"bonus": '{type = "percent", value = "2.555"}'}, "bonus: value must be a percentage"),
        ({"bonus": '{type = "percent", value = 5}'}, "bonus: value must be a percentage"),
        ({"bonus": '{type = "percent", value = "5", base = "all"}'}, "bonus: base must be one of matched, total"),
        ({"bonus": '{type = "percent", value = "5", round = "up"}'}, "bonus: round must be one of down"),
        ({"bonus": '{type = "percent", value = "5", min = "3", max = "2"}'}, "bonus: min is above max"),
        ({"bonus": '{type = "tiers"}'}, "bonus: tiers must be like"),
        ({"bonus": '{type = "tiers", tiers = [{from = "2", value = "1"}, {from = "1", value = "2"}]}'}, "must rise"),
        ({"bonus": '{type = "tiers", tiers = [{from = "2"}]}'}, "bonus: tiers[0]: value must be an amount"),
    ],
)
def test_a_fault_is_told_with_its_place(fields: dict[str, str], fault: str) -> None:
    said = faults(changed(**fields))
    assert any(fault in one for one in said), said
    assert all(one.startswith("campaign ") for one in said)


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        ("count = {day = 0}", "limits: count: day must be a whole number from 1"),
        ('count = {day = "3"}', "limits: count: day must be a whole number"),
        ("count = {year = 3}", "limits: count: year is not known"),
        ("sum = {day = 3}", "limits: sum: day must be an amount in quotes"),
        ("count = 3", "limits: count must be a table"),
        ("per_day = 3", "limits: per_day is not known"),
    ],
)
def test_faults_of_limits(limits: str, fault: str) -> None:
    assert faults(campaign_toml(limits=limits))[0].startswith(f"{HERE}: {fault}")


def test_every_fault_is_told_at_once() -> None:
    bad = changed(budget='"x"', stack='"all"') + campaign_toml("b", more="colour = 1") + campaign_toml("b")
    said = faults(bad)
    assert [one.split(" must")[0] for one in said] == [
        f"{HERE}: budget",
        f"{HERE}: stack",
        "campaign 'b': colour is not known",
        "campaign 'b': given twice",
    ]


@pytest.mark.parametrize(
    ("toml", "fault"),
    [
        ("", "there is no [[campaign]] in it"),
        ("campaign = 3", "there is no [[campaign]] in it"),
        ("campaign = []", "there is no [[campaign]] in it"),
        ("[[campaign]", "not TOML"),
        ("x = " + "[" * 2000, "not TOML"),
        ("x = " + "9" * 5000, "not TOML"),
        (campaign_toml().replace("[[campaign]]", "version = 3\n[[campaign]]"), "file: version is not known"),
    ],
)
def test_what_is_no_file_of_campaigns(toml: str, fault: str) -> None:
    assert faults(toml)[0].startswith(fault)


def test_without_a_zone_days_are_those_of_the_currencys_country() -> None:
    toml = changed(time_zone="", starts_at="2026-11-01T00:00:00Z", ends_at="2026-12-01T00:00:00Z")
    ((_, _, found),) = read_campaigns(toml)
    assert found["time_zone"] == "Europe/Kyiv"


FIELDS = ["slug", "name", "starts_at", "time_zone", "currency", "budget", "products", "bonus", "limits", "shops"]
FIELDS += ["countries", "fiscal", "max_age_days", "min_total", "min_quantity", "priority", "stack", "payout", "state"]
PARTS = ["sku", "aliases", "min_score", "type", "value", "tiers", "from", "max", "count", "sum", "day", "tax_ids", "uk"]
values = st.recursive(
    st.one_of(
        st.integers(-(10**20), 10**20),
        st.booleans(),
        st.decimals(allow_nan=True),
        st.sampled_from(["UAH", "1.00", "percent", "tiers", "5", "any", "12345678", "", "Цитрамон"]),
        st.text(max_size=5),
        st.datetimes(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PARTS), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=80)
@given(st.dictionaries(st.sampled_from(FIELDS), values, min_size=1, max_size=2))
def test_whatever_stands_in_a_file_is_a_campaign_or_a_fault(given: dict[str, object]) -> None:
    document = tomllib.loads(campaign_toml(), parse_float=Decimal)["campaign"][0]
    faults: list[str] = []
    slug, state, written = form._campaign(Section({**document, **given}, "campaign 1", faults))
    if not faults:
        stored = json.loads(json.dumps(written))
        made = Campaign.from_rules(slug, 1, state or "running", stored)
        assert evaluate(made, facts()).outcome in ("accepted", "rejected", "review")
    assert all(fault.startswith("campaign 1: ") for fault in faults)
