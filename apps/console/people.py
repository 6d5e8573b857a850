"""`people`: whom an operator blocks, and lets in again. Exit codes as in `payments`."""

from __future__ import annotations

import argparse

from apps.console.terminal import actor, refusal
from apps.lifetime import begin
from services import identity
from services.kit import Kit
from services.platform.errors import KioskError


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    kit = begin("console")
    try:
        return _carry_out(kit, asked)
    except KioskError as error:
        return refusal(error)
    finally:
        kit.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="people", description="People who write to the bot.")
    what = parser.add_subparsers(dest="what", required=True)
    for name, means in (("block", "let them buy and spend nothing"), ("unblock", "let them in again")):
        command = what.add_parser(name, help=means)
        command.add_argument("id", type=int, help="the number that the person's /support shows")
        command.add_argument("--reason", required=True, help="for the audit log")
    return parser


def _carry_out(kit: Kit, asked: argparse.Namespace) -> int:
    do = identity.block if asked.what == "block" else identity.unblock
    with kit.db.begin() as tx:
        changed = do(tx, asked.id, reason=asked.reason, actor=actor(), now=kit.clock.now())
    state = "blocked" if asked.what == "block" else "not blocked"
    print(f"user {asked.id} is {state}" if changed else f"user {asked.id} was {state} already")
    return 0
