"""`campaigns`: what an advertisement costs and what came of it."""

from __future__ import annotations

import argparse

from apps.console.terminal import actor, amount, moment, run
from services import campaigns
from services.campaigns import Results
from services.kit import Kit
from services.platform.money import Money


def main(arguments: list[str]) -> int:
    return run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    """What was typed, with the function that does it as `run`. Exits with 2 where it cannot be."""
    parser = argparse.ArgumentParser(prog="campaigns", description="Advertisements, by the parameter of their link.")
    what = parser.add_subparsers(required=True)
    create = what.add_parser("create", help="name a start parameter; whoever came by it before counts, too")
    create.add_argument("name")
    create.add_argument("--parameter", required=True, help="X of t.me/BOT?start=X")
    create.add_argument("--cost", nargs=2, metavar=("AMOUNT", "CURRENCY"), default=["0", "RUB"])
    create.set_defaults(run=_create)
    listed = what.add_parser("list", help="all of them, a line each")
    listed.set_defaults(run=_list)
    show = what.add_parser("show", help="what came of one")
    show.add_argument("name")
    show.set_defaults(run=_show)
    return parser.parse_args(arguments)


def _create(kit: Kit, asked: argparse.Namespace) -> None:
    number, currency = asked.cost
    cost = Money.parse(number, currency.upper())
    with kit.db.begin() as tx:
        made = campaigns.create(
            tx, name=asked.name, parameter=asked.parameter, cost=cost, actor=actor(), now=kit.clock.now()
        )
        seen = campaigns.results(tx, made)
    print(f"campaign {made.name}: link t.me/BOT?start={made.parameter}, cost {amount(made.cost)}")
    if seen.registrations:
        print(f"{seen.registrations} came by it already")


def _list(kit: Kit, _asked: argparse.Namespace) -> None:
    with kit.db.begin() as tx:
        all_results = [campaigns.results(tx, one) for one in campaigns.campaigns(tx)]
    for seen in all_results:
        back = "" if seen.return_percent is None else f", return {seen.return_percent}%"
        print(
            f"{seen.campaign.name}: {seen.campaign.parameter}, cost {amount(seen.campaign.cost)},"
            f" {seen.registrations} came, {seen.payers} paid, {_sums(seen.net)}{back}"
        )
    if not all_results:
        print("no campaigns")


def _show(kit: Kit, asked: argparse.Namespace) -> None:
    with kit.db.begin() as tx:
        seen = campaigns.results(tx, campaigns.campaign(tx, asked.name))
    for name, value in _lines(seen):
        print(f"{name:16} {value}")


def _lines(seen: Results) -> list[tuple[str, str]]:
    return [
        ("campaign", seen.campaign.name),
        ("parameter", seen.campaign.parameter),
        ("since", moment(seen.campaign.created_at)),
        ("cost", amount(seen.campaign.cost)),
        ("registrations", str(seen.registrations)),
        ("trials", str(seen.trials)),
        ("payments", str(seen.payments)),
        ("paying people", str(seen.payers)),
        ("revenue", _sums(seen.revenue)),
        ("refunds", _sums(seen.refunds)),
        ("cost per payer", amount(seen.cost_per_payer) if seen.cost_per_payer else "nobody has paid"),
        ("return", "it cost nothing" if seen.return_percent is None else f"{seen.return_percent}%"),
    ]


def _sums(by_currency: dict[str, Money]) -> str:
    return ", ".join(amount(money) for money in by_currency.values()) or "nothing"
