"""`payments`: what an operator sees of payments, decides about them and gives back.

Exit codes: 0 all is well or done, 1 there is something to do or it could not be done, 2 wrong usage."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date

from apps.console import payment_actions, payment_statements, payment_views, refunds
from apps.console.terminal import run
from services import billing

LARGEST_ID = 2**63 - 1

Add = Callable[..., argparse.ArgumentParser]


def main(arguments: list[str]) -> int:
    return run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    """What was typed, with the function that does it as `run`. Exits with 2 where it cannot be."""
    parser = argparse.ArgumentParser(prog="payments", description="Payments, refunds, providers and statements.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_views(commands.add_parser)
    _add_actions(commands.add_parser)
    _add_refunds(commands.add_parser)
    _add_providers(commands.add_parser)
    _add_statements(commands.add_parser)
    return parser.parse_args(arguments)


def _add_views(add: Add) -> None:
    show = add("show", help="all about a payment: attempts, journal, refunds, what is booked")
    show.add_argument("id", type=_id)
    show.set_defaults(run=payment_views.show)
    undecided = add("undecided", help="what waits for a person; exit code 1 when something does")
    undecided.set_defaults(run=payment_views.undecided)
    metrics = add("metrics", help="numbers for Prometheus, as its text format")
    metrics.set_defaults(run=payment_views.metrics)


def _add_actions(add: Add) -> None:
    decide = add("decide", help="say what becomes of money that came late, twice or in another amount")
    decide.add_argument("id", type=_id)
    decide.add_argument("choice", choices=billing.CHOICES)
    decide.add_argument("--yes", action="store_true", help="do not ask")
    decide.set_defaults(run=payment_actions.decide)
    check = add("check", help="ask the provider about a payment now")
    check.add_argument("id", type=_id)
    check.set_defaults(run=payment_actions.check)


def _add_refunds(add: Add) -> None:
    refund = add("refund", help="give money back; shows first what that would do")
    refund.add_argument("id", type=_id, help="of the payment")
    refund.add_argument("--amount", help='such as "100.00", in the currency that came; else all that is left')
    access = refund.add_mutually_exclusive_group()
    access.add_argument("--keep-access", dest="access", action="store_const", const="keep", help="leave the days")
    access.add_argument(
        "--take-access", dest="access", action="store_const", const="shorten", help="take the days that it paid for"
    )
    refund.add_argument("--to", choices=["provider", "balance"], default="provider", help="the way it came, or here")
    refund.add_argument("--reason", required=True, help="for the journal and the audit log")
    refund.add_argument("--dry-run", action="store_true", help="only show what it would do")
    refund.add_argument("--yes", action="store_true", help="do not ask")
    refund.set_defaults(run=refunds.refund)
    resolve = add("resolve", help="say what the provider's cabinet shows of an unknown refund")
    resolve.add_argument("id", type=_id, help="of the refund")
    resolve.add_argument("outcome", choices=["done", "not-done"])
    resolve.set_defaults(run=refunds.resolve)


def _add_providers(add: Add) -> None:
    providers = add("providers", help="which are offered, what each can do, whether it answers")
    providers.set_defaults(run=payment_views.providers)
    for word, does in (("on", "offer a provider to buyers again"), ("off", "offer it no more; what is open goes on")):
        turn = add(word, help=does)
        turn.add_argument("code")
        turn.add_argument("--reason", required=True)
        turn.set_defaults(run=payment_actions.switch, on=word == "on")


def _add_statements(add: Add) -> None:
    statement = add("statement", help="hold a provider's list of a day against our books, now")
    statement.add_argument("--provider", metavar="CODE", help="else every one that lists its operations")
    statement.add_argument("--day", type=_day, metavar="2026-11-20", help="a day by UTC; else yesterday")
    statement.set_defaults(run=payment_statements.make)
    stored = add("statements", help="the last ones; exit code 1 when one has differences")
    stored.set_defaults(run=payment_statements.show)


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= LARGEST_ID):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of ours")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-11-20") from None
