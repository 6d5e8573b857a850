"""`wallet`: what an operator sees of people's tokens, gives and takes. Exit codes as in `payments`."""

from __future__ import annotations

import argparse
import uuid

from apps.console.persons import PERSON, find_person
from apps.console.terminal import actor, agreed, moment, run
from services import wallet
from services.kit import Kit


def main(arguments: list[str]) -> int:
    return run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="wallet", description="People's tokens.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    show_it = commands.add_parser("show", help="balance, what expires, what the next periods cost")
    show_it.set_defaults(run=show)
    give = commands.add_parser("adjust", help="give tokens or take them; the person is told")
    give.add_argument("--tokens", type=int, required=True, help="such as 50, or -50 to take")
    give.add_argument("--reason", required=True, help="for the audit log and the history")
    give.add_argument("--force", action="store_true", help="also further below zero than the tariff allows")
    give.add_argument("--yes", action="store_true", help="do not ask")
    give.set_defaults(run=adjust)
    lines = commands.add_parser("history", help="what became of the tokens, newest first")
    lines.add_argument("--limit", type=int, default=50)
    lines.set_defaults(run=history)
    for command in (show_it, give, lines):
        command.add_argument("user", help=PERSON)
    return parser.parse_args(arguments)


def show(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        person = find_person(tx, asked.user)
        seen = wallet.overview(tx, person.party, bonus_days=kit.settings.bonus_tokens_days)
    print(f"user {person.id}: {_said(seen.balance)}{', blocked' if person.blocked else ''}")
    if seen.floor:
        print(f"  may go {seen.floor} below zero")
    for lot in seen.expiring:
        print(f"  {lot.tokens} bonus expire {moment(lot.at)}")
    for fee in seen.fees:
        print(f"  {fee.tokens} for the next period of {fee.subscription.product}, taken {moment(fee.at)}")
    return 0


def adjust(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        person = find_person(tx, asked.user)
        before = wallet.balance(tx, person.party)
    print(f"user {person.id} has {_said(before)}; {asked.tokens:+} tokens, and is told")
    if not agreed(yes=asked.yes):
        return 1
    with kit.db.begin() as tx:
        after = wallet.adjust(
            tx,
            person.party,
            asked.tokens,
            reason=asked.reason,
            actor=actor(),
            reference=f"console:{uuid.uuid4()}",
            now=kit.clock.now(),
            force=asked.force,
        )
    print(f"user {person.id} has {_said(after)} now")
    return 0


def history(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        lines = wallet.history(tx, find_person(tx, asked.user).party, limit=max(1, min(asked.limit, 1000)))
    for line in lines:
        words = f"  {line.description}" if line.description else ""
        print(f"{moment(line.at)}  {line.tokens:+} tokens  {line.bonus:+} bonus  {line.kind} {line.reference}{words}")
    if not lines:
        print("nothing yet")
    return 0


def _said(balance: wallet.Balance) -> str:
    return f"{balance.tokens} tokens and {balance.bonus} bonus"
