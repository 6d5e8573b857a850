"""What operators give by hand."""

from __future__ import annotations

import argparse
import sys

from apps.console.terminal import actor, agreed, amount, moment, run
from services import provisioning
from services.kit import Kit
from services.platform.errors import Invalid


def main(arguments: list[str]) -> int:
    return run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m apps.console tasks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="all that wait, the most urgent first").set_defaults(run=list_tasks)
    for name, what, function in (
        ("show", "one of them", show),
        ("take", "from now on it is yours", take),
        ("put-back", "anybody may take it again", put_back),
        ("done", "of what is to be taken back: it is", done),
    ):
        one = commands.add_parser(name, help=what)
        one.add_argument("id", type=int, metavar="ID")
        one.set_defaults(run=function)
    answering = commands.add_parser("answer", help="give it: what is read from standard input becomes the buyer's")
    answering.add_argument("id", type=int, metavar="ID")
    answering.add_argument("--as", dest="kind", choices=("text", "link", "key"), default="text")
    answering.set_defaults(run=answer)
    declining = commands.add_parser("decline", help="it will not be given; the money goes back")
    declining.add_argument("id", type=int, metavar="ID")
    declining.add_argument("--reason", required=True, help="in words for the buyer")
    declining.add_argument("--no-refund", action="store_true", help="the money stays; refund it with payments refund")
    declining.add_argument("--yes", action="store_true", help="do not ask")
    declining.set_defaults(run=decline)
    return parser.parse_args(arguments)


def list_tasks(kit: Kit, _asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        found = provisioning.tasks.open_tasks(tx)
    for one in found:
        print(_line(one))
    if not found:
        print("Nothing waits.")
    return 0


def show(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        one = provisioning.tasks.task(tx, kit.cipher, asked.id)
        paid = provisioning.tasks.payment_for(tx, one.grant_id)
    print(_line(one))
    print(f"  opened    {moment(one.opened_at)}")
    print(f"  due       {moment(one.due_at)}")
    print(f"  with      {one.operator or 'nobody'}")
    print(f"  paid by   {f'payment {paid.id}, {amount(paid.received)}' if paid else 'nobody: given for nothing'}")
    if one.reason:
        print(f"  reason    {one.reason}")
    return 0


def take(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        provisioning.tasks.take_task(tx, asked.id, actor(), kit.clock.now())
    print(f"Task {asked.id} is yours.")
    return 0


def put_back(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        provisioning.tasks.put_back_task(tx, asked.id, actor(), kit.clock.now())
    print(f"Task {asked.id} waits for anybody.")
    return 0


def answer(kit: Kit, asked: argparse.Namespace) -> int:
    """By standard input: what stands in a command line is seen by everybody on the machine, and kept by the shell."""
    if sys.stdin.isatty():
        print("Write what the buyer gets, then Ctrl-D:")
    content = sys.stdin.read()
    with kit.db.begin() as tx:
        provisioning.tasks.write_answer(tx, kit.cipher, asked.id, asked.kind, content, actor(), kit.clock.now())
        provisioning.tasks.send_answer(tx, asked.id, actor(), kit.clock.now())
    print(f"Task {asked.id} is answered: the buyer gets it.")
    return 0


def decline(kit: Kit, asked: argparse.Namespace) -> int:
    refund = not asked.no_refund
    with kit.db.begin() as tx:
        one = provisioning.tasks.task(tx, kit.cipher, asked.id)
        paid = provisioning.tasks.payment_for(tx, one.grant_id)
    if refund and paid is None:
        raise Invalid("nobody paid for it: say --no-refund")
    money = f"{amount(paid.received)} of payment {paid.id} go back" if refund and paid else "no money goes back"
    print(f"Decline task {one.id} of {one.party}: {money}.")
    if not agreed(yes=asked.yes):
        return 1
    with kit.db.begin() as tx:
        provisioning.tasks.write_reason(tx, asked.id, asked.reason, actor(), kit.clock.now())
        refund_id = provisioning.tasks.decline_task(
            tx, kit.providers, asked.id, refund=refund, operator=actor(), now=kit.clock.now()
        )
    print(f"Task {asked.id} is declined" + (f", refund {refund_id} is ordered." if refund_id else "."))
    return 0


def done(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        provisioning.tasks.finish_task(tx, asked.id, actor(), kit.clock.now())
    print(f"Task {asked.id} is done.")
    return 0


def _line(one: provisioning.tasks.Task) -> str:
    what = "give" if one.kind == "give" else "take back"
    return f"{one.id:>6}  {what:9}  {one.state:9}  {one.good.name}  {one.party}  due {moment(one.due_at)}"
