"""`receipts`: what shop receipts earn, and what an operator sees of them and decides.

Exit codes: 0 all is well or done, 1 there is something to do or it could not be done, 2 wrong usage."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path

from apps.console import receipt_actions, receipt_campaigns, receipt_views, receipts_payouts, receipts_read
from apps.console.terminal import run
from services import receipts
from services.identity import Party

# Each has commands of its own, in a file of its own.
GROUPS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "campaigns": (receipt_campaigns.main, "what receipts earn: import, list, show, try, stop, start"),
    "payouts": (receipts_payouts.main, "list, show, decide, export, import: what is paid for receipts"),
    "read": (receipts_read.main, "FILE...: what is read from pictures, without a database"),
}
LARGEST_ID = 2**63 - 1

Add = Callable[..., argparse.ArgumentParser]


def main(arguments: list[str]) -> int:
    if arguments and arguments[0] in GROUPS:
        return GROUPS[arguments[0]][0](arguments[1:])
    return run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    """What was typed, with the function that does it as `run`. Exits with 2 where it cannot be."""
    parser = argparse.ArgumentParser(prog="receipts", description="Shop receipts: seen, decided, counted.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_views(commands.add_parser)
    _add_tables(commands.add_parser)
    _add_decisions(commands.add_parser)
    for name, (_, what) in GROUPS.items():
        commands.add_parser(name, help=f"{what}; {name} --help says all")
    return parser.parse_args(arguments)


def _add_views(add: Add) -> None:
    listed = add("list", help="the newest")
    listed.add_argument("--state", choices=receipts.STATES)
    listed.add_argument("--of", type=_party, metavar="user:42", help="one person's only")
    listed.add_argument("--limit", type=_count, default=50, help="how many are shown (50)")
    listed.set_defaults(run=receipt_views.show_list)
    show = add("show", help="all about one: what was read, doubts, the decision and its steps, what is alike, payout")
    show.add_argument("id", type=_id)
    show.set_defaults(run=receipt_views.show)
    review = add("review", help="what waits for a person, oldest first; exit code 1 when something does")
    review.add_argument("--limit", type=_count, default=50, help="how many are shown (50)")
    review.set_defaults(run=receipt_views.review)
    picture = add("picture", help="save its picture, or make a link to it that works for minutes")
    picture.add_argument("id", type=_id)
    where = picture.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", type=Path, metavar="FILE", help="a file that is not there yet")
    where.add_argument("--link", action="store_true", help="whoever has the link can see the picture")
    picture.set_defaults(run=receipt_actions.picture)


def _add_tables(add: Add) -> None:
    for name, run_, does in (
        ("statistics", receipt_views.statistics, "how many, in which states, why rejected, what is paid and owed"),
        ("export", receipt_views.export, "all of a time as CSV, on the standard output"),
    ):
        table = add(name, help=does)
        table.add_argument("--since", type=_moment, metavar="2026-11-01", help="from then on; else of the last 30 days")
        table.add_argument("--until", type=_moment, metavar="2026-12-01", help="before then; else until now")
        table.set_defaults(run=run_)
        if name == "export":
            table.add_argument("--state", choices=receipts.STATES)
        else:
            table.add_argument("--of", type=_party, metavar="user:42", help="one person's only")


def _add_decisions(add: Add) -> None:
    approve = add("approve", help="what was read is right: it earns what the rules say")
    reject = add("reject", help="it earns nothing, and the person is told why")
    reread = add("reread", help="have the picture read again; corrections are forgotten")
    for command, does in (
        (approve, receipt_actions.approve),
        (reject, receipt_actions.reject),
        (reread, receipt_actions.reread),
    ):
        command.add_argument("id", type=_id)
        command.add_argument("--yes", action="store_true", help="do not ask")
        command.set_defaults(run=does)
    reject.add_argument("--reason", required=True, choices=sorted(receipts.REASONS))
    for command in (approve, reject):
        command.add_argument("--note", default="", help="for the audit log")
    correct = add("correct", help="put right what was read; it stays in review")
    correct.add_argument("id", type=_id)
    correct.add_argument("--merchant")
    correct.add_argument("--date", type=_day, metavar="2026-11-20")
    correct.add_argument("--time", type=_time, metavar="18:05", help="by the shop's own clock")
    correct.add_argument("--total", type=_sum, metavar="123.45")
    correct.add_argument("--currency", choices=("UAH", "RUB", "USD", "EUR"))
    correct.add_argument(
        "--line", action="append", type=_line, metavar='"NAME|QUANTITY|PRICE|SUM"', help="each; they replace all lines"
    )
    correct.set_defaults(run=receipt_actions.correct)


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= LARGEST_ID):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of ours")
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError("1 to 10000")
    return int(text)


def _party(text: str) -> Party:
    try:
        return Party.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError("user:42 or workspace:7") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-11-20") from None


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 18:05") from None


def _moment(text: str) -> datetime:
    """A day is its first moment, by UTC; so is a moment without an offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-11-20") from None
    if not 2000 <= at.year < 2100:
        raise argparse.ArgumentTypeError(f"{text!r} is not of our time")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _sum(text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number like 123.45")
    return value


def _line(text: str) -> receipts.ReadLine:
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != 4:
        raise argparse.ArgumentTypeError(f'{text!r} is not like "Bread|1|25.50|25.50"')
    quantity, price, total = map(_sum, parts[1:])
    return receipts.ReadLine(parts[0], quantity, price, total, 100)
