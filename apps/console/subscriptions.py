"""`subscriptions`: what an operator sees of subscriptions, and does with them. Every action leaves a line in the audit
log.

Exit codes: 0 done, 1 it could not be done, 2 wrong usage."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session

from apps.console.persons import find_person
from apps.console.terminal import actor, agreed, moment, run
from services import subscriptions
from services.kit import Kit
from services.platform import audit
from services.subscriptions import Subscription

LARGEST_ID = 2**63 - 1
LONGEST = 3650  # days given at once

Add = Callable[..., argparse.ArgumentParser]


def main(arguments: list[str]) -> int:
    return run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    """What was typed, with the function that does it as `run`. Exits with 2 where it cannot be."""
    parser = argparse.ArgumentParser(prog="subscriptions", description="Who may use what, until when.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    look = commands.add_parser("show", help="state, terms and the whole journal with its causes")
    look.add_argument("who", help='a subscription\'s number, "user:42", or "tg:" and a Telegram id')
    look.set_defaults(run=show)
    for word, does in (
        ("pause", "stop its time and its access; what is left is kept"),
        ("resume", "go on with what was left"),
        ("cancel", "turn its renewal off: it works until its end"),
    ):
        _add_action(commands.add_parser, word, does).set_defaults(run=act, word=word)
    days = _add_action(commands.add_parser, "give-days", "add days at its own terms")
    days.add_argument("--days", type=_days, required=True)
    days.set_defaults(run=give_days)
    return parser.parse_args(arguments)


def show(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        found = _asked_for(tx, asked.who)
        for one in found:
            _print(tx, one)
    if not found:
        print(f"{asked.who} has no subscription")
        return 1
    return 0


def act(kit: Kit, asked: argparse.Namespace) -> int:
    """Pauses, resumes or cancels."""
    with kit.db.begin() as tx:
        _head(subscriptions.any_subscription(tx, asked.id))
    print(f"To do: {asked.word}.")
    if not agreed(yes=asked.yes):
        return 1
    use_case = {"pause": subscriptions.pause, "resume": subscriptions.resume, "cancel": subscriptions.cancel}[
        asked.word
    ]
    with kit.db.begin() as tx:
        one = subscriptions.any_subscription(tx, asked.id)
        use_case(tx, one.party, one.id, kit.clock.now(), cause=actor())
        _note(tx, kit, asked, asked.word)
        _head(subscriptions.any_subscription(tx, asked.id))
    return 0


def give_days(kit: Kit, asked: argparse.Namespace) -> int:
    """Each call gives anew."""
    with kit.db.begin() as tx:
        _head(subscriptions.any_subscription(tx, asked.id))
    print(f"To do: add {asked.days} days.")
    if not agreed(yes=asked.yes):
        return 1
    now = kit.clock.now()
    with kit.db.begin() as tx:
        one = subscriptions.any_subscription(tx, asked.id)
        reference = f"given:{one.id}:{now.isoformat()}"
        span = timedelta(days=asked.days)
        if (
            subscriptions.give_days(tx, one.party, one.product, span, reference=reference, cause=actor(), now=now)
            is None
        ):
            raise subscriptions.NotNow(f"subscription {one.id} is {one.state}")
        _note(tx, kit, asked, "give_days", days=asked.days)
        _head(subscriptions.any_subscription(tx, asked.id))
    return 0


def _add_action(add: Add, word: str, does: str) -> argparse.ArgumentParser:
    action = add(word, help=does)
    action.add_argument("id", type=_id)
    action.add_argument("--reason", required=True, help="for the audit log")
    action.add_argument("--yes", action="store_true", help="do not ask")
    return action


def _asked_for(tx: Session, who: str) -> list[Subscription]:
    """Raises NotFound or Invalid."""
    kind, _, number = who.partition(":")
    if kind.isascii() and kind.isdigit() and not number:
        return [subscriptions.any_subscription(tx, min(int(kind), LARGEST_ID))]
    return subscriptions.subscriptions_of(tx, find_person(tx, who).party)


def _head(one: Subscription) -> None:
    print(f"subscription {one.id} of {one.party}: {one.product}, {one.terms.tariff}, {one.state}")
    print(f"  ends {moment(one.ends_at)}, access until {moment(one.access_until)}")
    if one.paused_at:
        print(f"  stands still since {moment(one.paused_at)}, {one.left_while_paused} are kept")


def _print(tx: Session, one: Subscription) -> None:
    _head(one)
    for line in subscriptions.history(tx, one.id):
        told = [
            f"{line.kind:9}",
            f"{line.state or '-':8}",
            f"until {moment(line.ends_at)}",
            f"cause {line.cause or '-'}",
        ]
        print("  " + "  ".join([f"{line.id:>6}", moment(line.at), *told, *([line.by] if line.by else [])]))


def _note(tx: Session, kit: Kit, asked: argparse.Namespace, action: str, **detail: object) -> None:
    audit.record(
        tx,
        actor=actor(),
        action=f"subscription.{action}",
        subject=f"subscription:{asked.id}",
        now=kit.clock.now(),
        reason=asked.reason,
        **detail,
    )


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= LARGEST_ID):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of ours")
    return int(text)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= LONGEST):
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to {LONGEST} days")
    return int(text)
