"""`receipts payouts`: what is paid for receipts. Phones are shown in an exported list alone. See docs/payouts.md.

Exit codes: 0 done, 1 it could not be done, 2 wrong usage."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from apps.console.terminal import actor, agreed, amount, moment, run
from services import receipts
from services.kit import Kit

MOST_FAULTS = 100  # shown
STATES = ("created", "no_phone", "waiting", "sent", "unknown", "succeeded", "failed", "canceled", "reversed")
MEANS = {
    "paid": "It was paid; nothing is sent.",
    "not_paid": "It was not paid: it has failed, and the campaign gets its money back.",
    "retry": "It is sent once more. If it was paid after all, it is then paid twice.",
    "cancel": "It is never going to be paid, and the campaign gets its money back.",
    "to_balance": "It goes to the person's balance instead.",
}


def main(arguments: list[str]) -> int:
    return run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    """What was typed, with the function that does it as `run`. Exits with 2 where it cannot be."""
    parser = argparse.ArgumentParser(prog="receipts payouts", description="What is paid for receipts.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    shown = commands.add_parser("list", help="payouts, the newest first, and how many there are of each state")
    shown.add_argument("--state", choices=STATES, action="append", default=[], help="only of this state; repeatable")
    shown.add_argument("--provider", choices=("balance", "portmone", "manual"))
    shown.add_argument("--limit", type=_count, default=50, help="how many are shown (50)")
    shown.set_defaults(run=list_)
    one = commands.add_parser("show", help="all about one")
    one.add_argument("id", type=int)
    one.set_defaults(run=show)
    act = commands.add_parser("decide", help="say what became of one, or what is to become of it")
    act.add_argument("id", type=int)
    act.add_argument("outcome", choices=receipts.payouts.DECISIONS)
    act.add_argument("--reason", required=True, help="for the journal")
    act.add_argument("--yes", action="store_true", help="do not ask")
    act.set_defaults(run=decide)
    out = commands.add_parser("export", help="write those that are paid by hand into a CSV file, each once")
    out.add_argument("file", type=Path, help="a new file, which only its owner may read: it holds phones")
    out.add_argument("--again", action="store_true", help="those that were exported before, too")
    out.set_defaults(run=export)
    back = commands.add_parser("import", help="read what became of them: CSV with the columns id and result")
    back.add_argument("file", type=Path, help="result is paid or failed; all of the file is taken, or nothing")
    back.set_defaults(run=import_)
    return parser.parse_args(arguments)


def list_(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        counts = receipts.payouts.counts(tx)
        found = receipts.payouts.list_payouts(tx, states=asked.state, provider=asked.provider, limit=asked.limit)
    for (provider, state), count in sorted(counts.items()):
        print(f"{provider:10}  {state:10}  {count}")
    if counts:
        print()
    for one in found:
        print(f"{one.id:8}  receipt {one.receipt_id:<8}  {amount(one.amount):>12}  {one.provider:9} {_state(one)}")
    if not found:
        print("no payouts")
    return 0


def show(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        one = receipts.payouts.payout(tx, asked.id)
    print(f"payout {one.id} of receipt {one.receipt_id}: {amount(one.amount)} to {one.party}, by {one.provider}")
    print(f"  campaign  {one.campaign}")
    print(f"  state     {_state(one)}, since {moment(one.changed_at)}")
    print(f"  promised  {moment(one.created_at)}")
    if one.sent_at:
        print(f"  {'exported' if one.provider == 'manual' else 'sent':8}  {moment(one.sent_at)}, call {one.attempt}")
    if one.external_id:
        print(f"  bill      {one.external_id}")
    if one.contradiction:
        print(f"  was told  {one.contradiction}, which is not so here: look at the provider's own list")
    return 0


def decide(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        one = receipts.payouts.payout(tx, asked.id)
    print(f"payout {one.id}: {amount(one.amount)} to {one.party}, by {one.provider}, {_state(one)}")
    print(MEANS[asked.outcome])
    if not agreed(yes=asked.yes):
        return 1
    with kit.db.begin() as tx:
        receipts.payouts.decide_payout(
            tx, kit.cipher, asked.id, asked.outcome, actor=actor(), reason=asked.reason, now=kit.clock.now()
        )
        after = receipts.payouts.payout(tx, asked.id)
    print(f"payout {after.id}: {one.state} -> {after.state}")
    return 0


def export(kit: Kit, asked: argparse.Namespace) -> int:
    """The file is there before they count as exported; where that fails it is taken away again."""
    try:
        file = os.open(asked.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        print(f"{asked.file}: {error.strerror}")
        return 1
    try:
        with os.fdopen(file, "w", encoding="utf-8") as out, kit.db.begin() as tx:
            text, count = receipts.payouts.export_list(
                tx, kit.cipher, actor=actor(), now=kit.clock.now(), again=asked.again
            )
            out.write(text)
            out.flush()
    except BaseException:
        asked.file.unlink(missing_ok=True)
        raise
    print(f"{count} to be paid: {asked.file}")
    print("Pay each of them once, then: receipts payouts import FILE (id,result with paid or failed)", file=sys.stderr)
    return 0


def import_(kit: Kit, asked: argparse.Namespace) -> int:
    try:
        content = asked.file.read_bytes()
        with kit.db.begin() as tx:
            done = receipts.payouts.import_results(tx, content, actor=actor(), now=kit.clock.now())
    except OSError as error:
        print(f"{asked.file}: {error.strerror}")
        return 1
    except receipts.payouts.BadResults as error:
        print("Nothing was imported:")
        for fault in error.faults[:MOST_FAULTS]:
            print(f"  {fault}")
        if len(error.faults) > MOST_FAULTS:
            print(f"  and {len(error.faults) - MOST_FAULTS} more")
        return 1
    print(f"{done.paid} paid, {done.failed} failed, {done.known} were known before")
    return 0


def _state(one: receipts.payouts.Payout) -> str:
    return f"{one.state} ({one.code})" if one.code else one.state


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError("1 to 10000")
    return int(text)
