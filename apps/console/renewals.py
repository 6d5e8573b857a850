"""`renewals --dry-run --until DATE [--json]`: who will be charged until then, when, how much and from what; and why the
other subscriptions that end until then will not be. It reads only.

With --json a line for each subscription: {"subscription", "party", "ends_at", "charge_at", "amount", "currency",
"from", "why_not"}; moments are ISO 8601 in UTC, amounts decimal strings. Exit codes: 0 done, 2 wrong usage."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apps.lifetime import begin
from services import subscriptions
from services.kit import Kit
from services.platform.money import Money
from services.subscriptions import Foreseen


def main(arguments: list[str]) -> int:
    asked = read(arguments)
    kit = begin("console")
    try:
        return show(kit, asked.until, as_json=asked.json)
    finally:
        kit.close()


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="renewals", description="What renewals will do. Nothing is charged by this.")
    parser.add_argument("--dry-run", action="store_true", required=True, help="only show")
    parser.add_argument("--until", type=date.fromisoformat, required=True, metavar="DATE", help="with that day")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each subscription")
    return parser.parse_args(arguments)


def show(kit: Kit, until: date, *, as_json: bool = False) -> int:
    """`until` is a day by the shop's own time zone."""
    zone = ZoneInfo(kit.settings.time_zone)
    end = datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC)
    why_not: Counter[str] = Counter()
    sums: dict[str, Money] = {}
    charges = 0
    with kit.db.begin() as tx:
        for one in subscriptions.forecast_renewals(tx, end, kit.clock.now(), kit.settings.time_zone):
            print(json.dumps(as_line(one)) if as_json else _in_words(one, zone))
            if one.price is not None:
                charges += 1
                currency = one.price.currency
                sums[currency] = sums.get(currency, Money(0, currency)) + one.price
            else:
                why_not[one.why_not or ""] += 1
    if not as_json:
        total = ", ".join(map(_priced, sums.values())) or "nothing"
        print(f"\n{charges} will be charged: {total}")
        print(f"{why_not.total()} will not: " + (", ".join(f"{n} {why}" for why, n in why_not.most_common()) or "-"))
    return 0


def as_line(one: Foreseen) -> dict[str, Any]:
    return {
        "subscription": one.subscription_id,
        "party": one.party,
        "ends_at": one.ends_at.astimezone(UTC).isoformat(),
        "charge_at": one.charge_at.astimezone(UTC).isoformat() if one.charge_at else None,
        "amount": str(one.price) if one.price else None,
        "currency": one.price.currency if one.price else None,
        "from": one.by,
        "why_not": one.why_not,
    }


def _in_words(one: Foreseen, zone: ZoneInfo) -> str:
    ends = f"{one.ends_at.astimezone(zone):%Y-%m-%d %H:%M}"
    about = f"{one.subscription_id:>8}  {one.party:<20} ends {ends}  "
    if one.charge_at is None or one.price is None:
        return f"{about}not charged: {one.why_not}"
    return f"{about}{_priced(one.price)} on {one.charge_at.astimezone(zone):%Y-%m-%d %H:%M} from {one.card or one.by}"


def _priced(amount: Money) -> str:
    return f"{amount} {amount.currency}"
