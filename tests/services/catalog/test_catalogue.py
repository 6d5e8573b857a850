from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from apps.sandbox.telegram import PRIVATE_CHANNEL
from services import catalog
from services.catalog import BadCatalogue, NotForSale, Period, Quote, TariffNotFound
from services.platform.i18n import LANGUAGES
from services.platform.money import Money
from tests.factories import tariff_toml

SAMPLE = Path(__file__).parents[3] / "apps" / "console" / "catalog.sample.toml"
FULL = """
[[tariff]]
slug = "team"
product = "vpn"
name = {ru = "Команда"}
description = {ru = "Всё"}
features = {ru = ["быстро", "тихо"]}
prices = {RUB = "299.50", XTR = "150"}
period = {days = 10}
tokens = 5
subscription_fee = 1
minimum_payment = {RUB = "100"}
traffic_gb = 50
devices = 3
speed_mbps = 100
locations = ["de1", "nl1"]
access = ["wireguard"]
order = 7
active = true
audience = "existing"
"""


def imported(tx: Session, toml: str, now: datetime) -> catalog.ImportReport:
    report = catalog.import_catalogue(tx, toml, now)
    tx.flush()
    tx.expire_all()
    return report


def faults(tx: Session, toml: str, now: datetime) -> list[str]:
    with pytest.raises(BadCatalogue) as caught:
        catalog.import_catalogue(tx, toml, now)
    assert not tx.new
    assert not tx.dirty
    return caught.value.faults


def test_every_field_arrives(tx: Session, now: datetime) -> None:
    assert imported(tx, FULL, now).added == ["team"]
    assert catalog.tariff(tx, "team") == catalog.Tariff(
        slug="team",
        revision=1,
        product="vpn",
        name={"ru": "Команда"},
        description={"ru": "Всё"},
        features={"ru": ["быстро", "тихо"]},
        prices={"RUB": Money(29950, "RUB"), "XTR": Money(150, "XTR")},
        period=Period(10, "day"),
        tokens=5,
        subscription_fee=1,
        minimum_payments={"RUB": Money(10000, "RUB")},
        traffic_bytes=50 * 10**9,
        devices=3,
        speed_mbps=100,
        locations=("de1", "nl1"),
        access=("wireguard",),
        position=7,
        active=True,
        audience="existing",
    )


def test_a_short_tariff_gets_the_usual_things(tx: Session, now: datetime) -> None:
    imported(tx, tariff_toml("basic").replace('product = "vpn"\n', "").replace("access = []\n", ""), now)
    basic = catalog.tariff(tx, "basic")
    assert (basic.product, basic.tokens, basic.traffic_bytes, basic.devices) == ("basic", 0, None, None)
    assert (basic.access, basic.active, basic.audience) == (("wireguard",), True, "all")


def test_what_an_import_did(tx: Session, now: datetime) -> None:
    imported(tx, tariff_toml("a") + tariff_toml("b") + tariff_toml("c"), now)
    report = imported(tx, tariff_toml("a") + tariff_toml("b").replace("299.00", "300.00") + tariff_toml("d"), now)
    assert (report.same, report.changed, report.added, report.untouched) == (["a"], ["b"], ["d"], ["c"])
    assert [catalog.tariff(tx, slug).revision for slug in "abcd"] == [1, 2, 1, 1]
    assert catalog.tariff(tx, "b").prices == {"RUB": Money(30000, "RUB")}


BAD_FIELDS = {
    "slug": ['"UP"', '""', '"a b"', "5", '["a"]', '"' + "a" * 32 + '"', '"тариф"'],
    "product": ["5", '""', '"two words"', "2026-01-01"],
    "name": ['"VPN"', "{}", "{ru = 5}", '{de = "VPN"}'],
    "description": ["[]"],
    "features": ['["fast"]', "{ru = [1]}", '{ru = "fast"}'],
    "prices": [
        "{}",
        "{RUB = 299}",
        "{RUB = 299.0}",
        '{RUB = "0"}',
        '{RUB = "-1"}',
        '{RUB = "1.999"}',
        '{BTC = "1"}',
        '"1"',
    ],
    "minimum_payment": ['"100"', '{RUB = "x"}'],
    "period": [
        "{}",
        "{weeks = 1}",
        "{days = 0}",
        "{days = 10001}",
        "{days = 1.5}",
        "{days = true}",
        "{days = 1, months = 1}",
        "30",
    ],
    "tokens": ["-1", "1.5", '"5"', "true"],
    "subscription_fee": ["-1"],
    "traffic_gb": ["-1"],
    "devices": ["true"],
    "speed_mbps": ["1.5"],
    "locations": ['"de1"', "[1]"],
    "access": ['["telepathy"]', '"wireguard"'],
    "active": ['"yes"', "1"],
    "audience": ['"friends"', '["all"]'],
    "order": ['"first"', "-1"],
    "colour": ['"red"'],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in BAD_FIELDS.items() for value in values]
)
def test_a_fault_is_named_by_its_tariff_and_field(tx: Session, now: datetime, field: str, value: str) -> None:
    lines = [line for line in FULL.splitlines() if not line.startswith(f"{field} =")]
    named = faults(tx, "\n".join([*lines, f"{field} = {value}"]), now)
    assert len(named) == 1
    assert named[0].startswith("tariff ")
    assert f": {field} " in named[0]


def test_a_file_with_faults_names_all_of_them_and_changes_nothing(tx: Session, now: datetime) -> None:
    imported(tx, tariff_toml("a"), now)
    broken = (
        tariff_toml("a").replace("299.00", "300.00") + tariff_toml("b").replace("299.00", "x") + tariff_toml("c") * 2
    )
    named = faults(tx, broken + "colour = 1\naudience = 'friends'\n", now)
    assert sorted(line.split(":")[0] for line in named) == ["tariff 'b'", "tariff 'c'", "tariff 'c'", "tariff 'c'"]
    tx.expire_all()
    assert catalog.tariff(tx, "a").prices == {"RUB": Money(29900, "RUB")}
    with pytest.raises(TariffNotFound):
        catalog.tariff(tx, "b")


def test_two_tariffs_without_a_slug_are_two_faults(tx: Session, now: datetime) -> None:
    assert len(faults(tx, tariff_toml().replace('slug = "vpn-1m"\n', "") * 2, now)) == 2


@pytest.mark.parametrize("toml", ["", "tariff = 5", "[tariff]\nslug = 'a'", "[[tariff", "tariff = [1]", "a = 1\na = 2"])
def test_a_file_that_is_no_catalogue(tx: Session, now: datetime, toml: str) -> None:
    assert len(faults(tx, toml, now)) == 1


def test_what_was_quoted_stays_whatever_becomes_of_the_tariff(tx: Session, now: datetime) -> None:
    imported(tx, tariff_toml("a"), now)
    frozen = catalog.quote(tx, "a", "RUB", {"all"}).to_json()
    imported(tx, tariff_toml("a", period="{days = 1}", more="active = false").replace("299.00", "1.00"), now)
    quote = Quote.from_json(frozen)
    assert (quote.revision, quote.price, quote.period) == (1, Money(29900, "RUB"), Period(1, "month"))
    assert quote.to_json() == frozen


def test_not_everything_is_for_everybody(tx: Session, now: datetime) -> None:
    imported(
        tx,
        tariff_toml("all", more="order = 3")
        + tariff_toml("new", more="audience = 'new'\norder = 1")
        + tariff_toml("old", more="audience = 'existing'\norder = 2")
        + tariff_toml("gone", more="active = false"),
        now,
    )
    assert [t.slug for t in catalog.list_tariffs(tx, {"all", "new"})] == ["new", "all"]
    assert [t.slug for t in catalog.list_tariffs(tx, {"all", "existing"})] == ["old", "all"]
    assert catalog.list_tariffs(tx, set()) == []
    assert catalog.quote(tx, "new", "RUB", {"all", "new"}).tariff == "new"
    for slug, currency, audiences in [("new", "RUB", {"all"}), ("gone", "RUB", {"all"}), ("all", "USD", {"all"})]:
        with pytest.raises(NotForSale):
            catalog.quote(tx, slug, currency, audiences)
    with pytest.raises(TariffNotFound):
        catalog.quote(tx, "never", "RUB", {"all"})
    assert not catalog.tariff(tx, "gone").active, "owners look at what is no longer sold"


def test_the_sample_catalogue_is_for_sale_in_every_language(tx: Session, now: datetime) -> None:
    toml = SAMPLE.read_text()
    assert imported(tx, toml, now).added
    assert not imported(tx, toml, now).changed
    tariffs = catalog.list_tariffs(tx, {"all", "new", "existing"})
    assert tariffs
    for tariff in tariffs:
        assert set(tariff.name) == set(tariff.description) == set(LANGUAGES), tariff.slug
        assert "RUB" in tariff.prices


TOKENS = """
[[tariff]]
slug = "ai"
name = {ru = "Токены"}
description = {ru = "Токены"}
period = {days = 30}
token_rate = {RUB = "1.5", XTR = "2"}
top_up = {RUB = ["200.00", "500"]}
token_floor = 50
"""


def test_tokens_are_sold_by_the_sum_and_need_no_price(tx: Session, now: datetime) -> None:
    assert imported(tx, TOKENS, now).added == ["ai"]
    tariff = catalog.tariff(tx, "ai")
    assert tariff.top_up == {"RUB": (Money(20000, "RUB"), Money(50000, "RUB"))}
    assert {currency: str(rate) for currency, rate in tariff.token_rate.items()} == {"RUB": "1.5", "XTR": "2"}
    assert (tariff.token_floor, tariff.prices) == (50, {})
    assert imported(tx, TOKENS, now).same == ["ai"]


def test_faults_of_token_tariffs_are_told(tx: Session, now: datetime) -> None:
    for change, expected in {
        'token_rate = {RUB = "1.5", XTR = "2"}': "top_up has no token_rate for RUB",
        '"1.5"': "token_rate RUB: must be a decimal above zero in quotes",
        '["200.00", "500"]': "top_up must be lists of amounts by currency",
        '"500"': "top_up RUB: ",
        "token_floor = 50": "token_floor must be a whole number",
    }.items():
        new = {'"1.5"': "1.5", '["200.00", "500"]': '"200"', '"500"': "5.5", "token_floor = 50": "token_floor = -1"}
        toml = TOKENS.replace(change, new.get(change, 'prices = {RUB = "1"}'))
        assert any(expected in fault for fault in faults(tx, toml, now)), change
    for rate in ('"0"', '"-1"', '"1e3"', '"0.0000001"', '"x"'):
        assert faults(tx, TOKENS.replace('"1.5"', rate), now), rate


def test_the_sandbox_sells_its_own_channel_beside_the_sample(tx: Session, now: datetime) -> None:
    catalog.import_catalogue(tx, SAMPLE.read_text(), now)
    catalog.import_catalogue(tx, (SAMPLE.parents[1] / "sandbox" / "catalog.world.toml").read_text(), now)
    assert catalog.good(tx, "club").options == {"chat": PRIVATE_CHANNEL}


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ("", "exactly one of pool, signed must be given"),
        ('pool = "games"\nsigned = true', "exactly one of pool, signed must be given"),
        ("signed = false", "signed has a value that licence does not take"),
        ('pool = "My Games"', "pool has a value that licence does not take"),
        ('pool = "games"\nplan = 7', "plan has a value that licence does not take"),
        ('pool = "games"\nseats = 3', "seats is not known to licence"),
    ],
)
def test_a_licence_is_of_a_pool_or_signed(tx: Session, now: datetime, options: str, fault: str) -> None:
    good = f'[[good]]\nname = "key"\nkind = "licence"\n{options}\n'
    with pytest.raises(BadCatalogue) as refused:
        catalog.import_catalogue(tx, good + tariff_toml(access='["key"]'), now)
    assert any(fault in one for one in refused.value.faults), refused.value.faults


def test_a_licence_needs_a_good(tx: Session, now: datetime) -> None:
    with pytest.raises(BadCatalogue, match="neither a good nor a kind"):
        catalog.import_catalogue(tx, tariff_toml(access='["licence"]'), now)
    good = '[[good]]\nname = "key"\nkind = "licence"\nsigned = true\nplan = "pro"\n'
    catalog.import_catalogue(tx, good + tariff_toml(access='["key"]'), now)
