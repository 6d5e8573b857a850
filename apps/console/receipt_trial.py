"""`receipts campaigns try`: what a receipt would earn, and why. Nothing is counted."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from apps.console.terminal import amount, refusal, run
from services import receipts
from services.kit import Kit
from services.platform.clock import wall_clock
from services.platform.errors import Invalid, KioskError
from services.receipts import rules


def main(arguments: list[str]) -> int:
    """Without a database where the rules are in a file."""
    asked = read(arguments)
    if asked.rules is None:
        return run(asked)
    try:
        _print(asked, _of_file(asked.rules, asked.slug))
    except KioskError as error:
        return refusal(error)
    return 0


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m apps.console receipts campaigns try", description=__doc__)
    parser.add_argument("slug", metavar="SLUG")
    parser.add_argument("receipt", metavar="RECEIPT.json", type=Path, help="as `receipts read --json` prints it")
    parser.add_argument("--rules", metavar="FILE", type=Path, help="a file of campaigns; no database is needed then")
    parser.add_argument("--sent", metavar="MOMENT", help="when it was sent: 2026-12-01T10:00+02:00; now is the default")
    parser.add_argument("--reviewed", action="store_true", help="as if a person had approved what was read")
    parser.add_argument("--json", action="store_true", help="the decision as it is stored")
    parser.set_defaults(run=_try)
    return parser.parse_args(arguments)


def _try(kit: Kit, asked: argparse.Namespace) -> None:
    with kit.db.begin() as tx:
        campaign = rules.campaign(tx, asked.slug)
    _print(asked, campaign)


def _of_file(path: Path, wanted: str) -> rules.Campaign:
    for slug, state, written in rules.read_campaigns(text(path)):
        if slug == wanted:
            return rules.Campaign.from_rules(slug, 0, state or "running", written)
    raise rules.ReceiptCampaignNotFound(f"campaign {wanted} in {path}")


def _print(asked: argparse.Namespace, campaign: rules.Campaign) -> None:
    reading = _reading(asked.receipt)
    sent = _moment(asked.sent) if asked.sent else wall_clock()
    decision = rules.decide([campaign], rules.Facts(reading, sent), reviewed=asked.reviewed)
    if asked.json:
        print(json.dumps(decision.as_json(), ensure_ascii=False, indent=2))
        return
    bonus = f", {amount(decision.bonus)}" if decision.bonus else ""
    because = f": {', '.join(decision.reasons)}" if decision.reasons else ""
    print(f"{decision.outcome}{bonus}{because}  (campaign {decision.campaign}, version {decision.version})")
    for step in decision.trace:
        reason = f"  {step.reason}" if step.reason else ""
        print(f"  {step.result:8} {step.rule:14} saw {step.saw}; wants {step.wants}{reason}")
    for match in decision.matched:
        where = [f"line {number + 1}" for number in match.lines] + [f"text {number + 1}" for number in match.texts]
        print(f"  {match.sku} in {', '.join(where)}")


def text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path}: {error}") from None


def _reading(path: Path) -> receipts.Reading:
    try:
        given = json.loads(text(path))
        if isinstance(given, list) and len(given) == 1:
            given = given[0]
        return _checked(receipts.Reading.from_json(given))
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation, RecursionError) as error:
        raise Invalid(f"{path} holds no reading of a receipt: {type(error).__name__} {error}") from None


def _checked(reading: receipts.Reading) -> receipts.Reading:
    """JSON has numbers where sums are text, and text where there should be none."""
    if reading.tier not in ("A", "B", "C", "D"):
        raise ValueError("tier must be A, B, C or D")
    kinds: dict[str, Any] = {"total": Decimal, "merchant": str, "tax_id": str, "currency": str, "country": str}
    for name, kind in kinds.items():
        if not isinstance(getattr(reading, name), kind | None):
            raise TypeError(f"{name} must be text")
    if not all(isinstance(text, str) for text in (*reading.texts, *(line.name for line in reading.lines))):
        raise TypeError("texts and names must be text")
    return reading


def _moment(written: str) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise Invalid("MOMENT must be like 2026-12-01T10:00+02:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
