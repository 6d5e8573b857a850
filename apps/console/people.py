"""`people`: whom an operator blocks, and lets in again. Exit codes as in `payments`."""

from __future__ import annotations

import argparse

from apps.console.persons import PERSON, find_person
from apps.console.terminal import actor, run
from services import identity
from services.kit import Kit


def main(arguments: list[str]) -> int:
    return run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="people", description="People who write to the bot.")
    what = parser.add_subparsers(dest="what", required=True)
    for name, means in (("block", "let them buy and spend nothing"), ("unblock", "let them in again")):
        command = what.add_parser(name, help=means)
        command.add_argument("user", help=PERSON)
        command.add_argument("--reason", required=True, help="for the audit log")
        command.set_defaults(run=_change)
    return parser.parse_args(arguments)


def _change(kit: Kit, asked: argparse.Namespace) -> int:
    do = identity.block if asked.what == "block" else identity.unblock
    with kit.db.begin() as tx:
        user = find_person(tx, asked.user)
        changed = do(tx, user.id, reason=asked.reason, actor=actor(), now=kit.clock.now())
    state = "blocked" if asked.what == "block" else "not blocked"
    print(f"user {user.id} is {state}" if changed else f"user {user.id} was {state} already")
    return 0
