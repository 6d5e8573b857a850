"""`receipts campaigns`: what receipts earn. The form of the file: docs/receipts-campaigns.md."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from apps.console import receipt_trial
from apps.console.receipt_trial import text
from apps.console.terminal import actor, amount, moment, run
from services.kit import Kit
from services.platform.money import Money
from services.receipts import rules

Standing = rules.CampaignStanding


def main(arguments: list[str]) -> int:
    return receipt_trial.main(arguments[1:]) if arguments[:1] == ["try"] else run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    """What was typed, with the function that does it as `run`. Exits with 2 where it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m apps.console receipts campaigns", description=__doc__)
    what = parser.add_subparsers(required=True, metavar="COMMAND")
    imported = what.add_parser("import", help="put a file of campaigns (TOML) to work")
    imported.add_argument("file", metavar="FILE", type=Path)
    imported.set_defaults(run=_import)
    what.add_parser("list", help="all of them, a line each").set_defaults(run=_list)
    helps = {"show": "its rules", "stop": "nothing is earned from now on", "start": "go on"}
    runs: dict[str, Callable[..., int | None]] = {"show": _show, "stop": _set_state, "start": _set_state}
    for name, does in runs.items():
        command = what.add_parser(name, help=helps[name])
        command.add_argument("slug", metavar="SLUG")
        command.set_defaults(run=does, state={"stop": "stopped", "start": "running"}.get(name))
    what.add_parser("try", help="SLUG RECEIPT.json: what a receipt would earn, and why; try --help says all")
    return parser.parse_args(arguments)


def _import(kit: Kit, asked: argparse.Namespace) -> int | None:
    toml = text(asked.file)
    try:
        with kit.db.begin() as tx:
            report = rules.import_campaigns(tx, toml, actor=actor(), now=kit.clock.now())
    except rules.BadCampaigns as error:
        print(f"{asked.file}: nothing was imported")
        for fault in error.faults:
            print(f"  {fault}")
        return 1
    for name in ("added", "changed", "same", "untouched"):
        if slugs := getattr(report, name):
            print(f"{name:10} {', '.join(slugs)}")
    return None


def _list(kit: Kit, _asked: argparse.Namespace) -> None:
    with kit.db.begin() as tx:
        found = rules.standings(tx)
    for one in found:
        campaign = one.campaign
        spent = f"{one.spent} of {amount(campaign.money(campaign.budget))}"
        dates = f"{moment(campaign.starts_at)} to {moment(campaign.ends_at)}"
        print(f"{campaign.slug:31} version {campaign.version}, {_state(one, kit.clock.now())}, {dates}, spent {spent}")
    if not found:
        print("no campaigns")


def _show(kit: Kit, asked: argparse.Namespace) -> None:
    with kit.db.begin() as tx:
        found = rules.standing(tx, asked.slug)
    for name, value in _lines(found, kit.clock.now()):
        print(f"{name:16} {value}")


def _set_state(kit: Kit, asked: argparse.Namespace) -> None:
    with kit.db.begin() as tx:
        changed = rules.set_state(tx, asked.slug, asked.state, actor=actor(), now=kit.clock.now())
    print(f"campaign {asked.slug} is {asked.state}" + ("" if changed else " already"))


def _state(standing: Standing, now: datetime) -> str:
    campaign = standing.campaign
    if campaign.state != "running":
        return campaign.state
    if standing.spent.minor >= campaign.budget:
        return "used up"
    if now < campaign.starts_at:
        return "not begun"
    return "over" if now >= campaign.ends_at else "running"


def _lines(standing: Standing, now: datetime) -> Iterator[tuple[str, object]]:
    campaign = standing.campaign
    yield "campaign", f"{campaign.slug}, version {campaign.version}, {_state(standing, now)}"
    for code, name in campaign.name.items():
        yield f"name {code}", name
    yield "purchases", f"{moment(campaign.starts_at)} to {moment(campaign.ends_at)}, days of {campaign.time_zone}"
    yield "spent", f"{standing.spent} of {amount(campaign.money(campaign.budget))}"
    yield "bonus", _bonus(campaign)
    limits = campaign.limits
    if limits.per_receipt is not None:
        yield "at most", f"{_money(campaign, limits.per_receipt)} for a receipt"
    for span, count in limits.counts.items():
        yield "at most", f"{count} receipts of a person by {span}"
    for span, most in limits.sums.items():
        yield "at most", f"{_money(campaign, most)} to a person by {span}"
    for product in campaign.products:
        yield f"product {product.sku}", f"{product.name}: {', '.join(product.aliases)}"
        if product.exclude:
            yield "", f"but not {', '.join(product.exclude)}"
    shops = (*campaign.shops.tax_ids, *campaign.shops.names)
    yield "shops", ", ".join(shops) or "any"
    yield "countries", ", ".join(campaign.countries) or "any"
    yield "fiscal", "only" if campaign.fiscal else "or not"
    yield "sent within", f"{campaign.max_age_days} days"
    for label, minor in (("min total", campaign.min_total), ("min products", campaign.min_matched_sum)):
        if minor:
            yield label, _money(campaign, minor)
    if campaign.min_quantity:
        yield "min pieces", campaign.min_quantity
    if campaign.new_people_days is not None:
        yield "people", f"who came at most {campaign.new_people_days} days before"
    yield "with others", f"{campaign.stack}, priority {campaign.priority}"
    yield "payout", campaign.payout


def _bonus(campaign: rules.Campaign) -> str:
    bonus = campaign.bonus
    match bonus.kind:
        case "percent":
            said = f"{Decimal(bonus.percent) / 100}% of what was paid for {_base(bonus)}"
        case "tiers":
            steps = [f"{_money(campaign, minor)} from {_money(campaign, least)}" for least, minor in bonus.tiers]
            said = f"{', '.join(steps)} paid for {_base(bonus)}"
        case "per_item":
            said = f"{_money(campaign, bonus.minor)} for each piece"
        case _:
            said = f"{_money(campaign, bonus.minor)} for a receipt"
    least = f", at least {_money(campaign, bonus.least)}" if bonus.least else ""
    return said + least + (f", at most {_money(campaign, bonus.most)}" if bonus.most is not None else "")


def _base(bonus: rules.Bonus) -> str:
    return "the products" if bonus.base == "matched" else "everything"


def _money(campaign: rules.Campaign, minor: int) -> str:
    return amount(Money(minor, campaign.currency))
