"""Campaigns and readings that tests begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from services.platform.money import Money
from services.receipts import rules
from services.receipts.facts import FiscalCode, Reading, ReadLine
from services.receipts.rules import Award, Bonus, Campaign, Decision, Facts, Limits, Product

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CITRAMON = Product("D001", "Цитрамон-Дарниця", ("Цитрамон-Дарниця", "дарниця", "darnitsa"))
VITAMIN = Product("V001", "Вітамін С", ("Вітамін С шипучий", "аскорбін"))


def campaign(slug: str = "citramon", **changes: Any) -> Campaign:
    """A hryvnia for a receipt with Citramon, 100.00 in all."""
    plain = Campaign(
        slug=slug,
        version=1,
        state="running",
        name={"uk": slug},
        starts_at=datetime(2026, 11, 1, tzinfo=UTC),
        ends_at=datetime(2026, 12, 1, tzinfo=UTC),
        time_zone="Europe/Kyiv",
        currency="UAH",
        budget=10_000,
        products=(CITRAMON,),
        bonus=Bonus("fixed", minor=100),
        limits=Limits(counts={"day": 3}),
    )
    return replace(plain, **changes)


def line(
    name: str = "Цитрамон-Дарниця №10", cost: str = "32.40", quantity: str = "1", confidence: int = 90
) -> ReadLine:
    each = (Decimal(cost) / Decimal(quantity)).quantize(Decimal("0.01"))
    return ReadLine(name, Decimal(quantity), each, Decimal(cost), confidence)


def reading(**changes: Any) -> Reading:
    """A Ukrainian receipt with a code which the print confirms."""
    code = FiscalCode(
        "ua:4001246197:1:2026-11-20", "UA", "4001246197", "1", Decimal("46.50"), date(2026, 11, 20), time(16, 12)
    )
    plain = Reading(
        tier="B",
        merchant="ТОВ Аптека низьких цін",
        tax_id="12345678",
        date=date(2026, 11, 20),
        time=time(16, 12),
        total=Decimal("46.50"),
        currency="UAH",
        country="UA",
        lines=(line(), line("Пакет", "14.10")),
        code=code,
        fiscal_number="4001246197",
        texts=("Цитрамон-Дарниця №10 32.40", "Пакет 14.10", "СУМА 46.50"),
        source="both",
    )
    return replace(plain, **changes)


def facts(submitted_at: datetime = NOON, **changes: Any) -> Facts:
    return Facts(reading(**changes), submitted_at)


def accepted(one: Campaign, minor: int) -> Decision:
    """As if it had been judged without a look at what is used up."""
    bonus = Money(minor, one.currency)
    award = Award(one.slug, one.version, bonus)
    return Decision("accepted", bonus, one.slug, one.version, one.payout, (), awards=(award,))


def campaign_toml(slug: str = "citramon", *, budget: str = "100.00", more: str = "", limits: str = "") -> str:
    return f"""
[[campaign]]
slug = "{slug}"
name = {{ru = "Цитрамон", uk = "Цитрамон", en = "Citramon"}}
starts_at = 2026-11-01T00:00:00
ends_at = 2026-12-01T00:00:00
time_zone = "Europe/Kyiv"
currency = "UAH"
budget = "{budget}"
bonus = {{type = "fixed", value = "1.00"}}
products = [{{sku = "D001", name = "Цитрамон", aliases = ["Цитрамон-Дарниця", "дарниця"]}}]
{more}
[campaign.limits]
{limits}
"""


def imported(tx: Session, slug: str = "citramon", now: datetime = NOON, **changes: str) -> Campaign:
    rules.import_campaigns(tx, campaign_toml(slug, **changes), actor="console:test", now=now)
    return rules.campaign(tx, slug)


def steps(decision: Decision) -> Mapping[str, str]:
    return {step.rule: step.result for step in decision.trace}
