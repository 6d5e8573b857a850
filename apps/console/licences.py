"""`licences`: pools of keys, and single licences. Keys are never shown. See docs/access/licences.md.

Exit codes: 0 done, 1 it could not be done, 2 wrong usage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from apps.console.terminal import actor, agreed, moment, run
from services import catalog, provisioning
from services.identity import Party
from services.kit import Kit

MOST_FAULTS = 100  # shown
EVERY = 10_000  # keys, between two words about how far it is


def main(arguments: list[str]) -> int:
    asked = read(arguments)
    if arguments[0] == "signing-key":  # it needs no configuration
        return signing_key()
    return run(asked)


def read(arguments: list[str]) -> argparse.Namespace:
    """What was typed, with the function that does it as `run`. Exits with 2 where it cannot be."""
    parser = argparse.ArgumentParser(prog="licences", description="Licence keys.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    keys = commands.add_parser("import", help="add the keys of a CSV file to a pool: all of them, or none")
    keys.add_argument("pool", help="1 to 31 of a-z, 0-9 and -, as `pool` of a good in the catalogue")
    keys.add_argument("file", type=Path, help='CSV in UTF-8: one column, or a header with the column "key"')
    keys.set_defaults(run=import_keys)
    shown = commands.add_parser("list", help="the pools, and who has a licence")
    shown.add_argument("--of", type=_party, help="one person's or workspace's only, user:42")
    shown.add_argument("--limit", type=_count, default=50, help="how many licences are shown, the newest first (50)")
    shown.set_defaults(run=show)
    for word, does in (
        ("revoke", "make a licence not valid, or its key with --replace"),
        ("restore", "let a revoked licence count again"),
    ):
        act = commands.add_parser(word, help=does)
        act.add_argument("grant", type=int, help="its number, as `list` shows it")
        act.add_argument("--reason", required=True, help="for the journal")
        act.add_argument("--yes", action="store_true", help="do not ask")
        act.set_defaults(run=revoke if word == "revoke" else restore)
        if word == "revoke":
            act.add_argument("--replace", action="store_true", help="its owner gets another key instead")
    make = commands.add_parser("signing-key", help="make a LICENCE_SIGNING_KEY")
    make.set_defaults(run=signing_key)
    return parser.parse_args(arguments)


def import_keys(kit: Kit, asked: argparse.Namespace) -> int:
    try:
        keys = provisioning.licences.read_keys(asked.file.read_bytes())
        with kit.db.begin() as tx:
            count = provisioning.licences.import_keys(
                tx, kit.cipher, asked.pool, keys, actor=actor(), now=kit.clock.now(), progress=_progress(len(keys))
            )
            known = {good.options.get("pool") for good in catalog.goods(tx)}
    except OSError as error:
        print(f"{asked.file}: {error.strerror}")
        return 1
    except provisioning.licences.BadKeys as error:
        _print_faults(error.faults)
        return 1
    print(f"{count} {'keys are' if count > 1 else 'key is'} in the pool {asked.pool} now")
    if asked.pool not in known:
        print(f'No good sells them yet: give one `kind = "licence"` and `pool = "{asked.pool}"` in the catalogue.')
    return 0


def show(kit: Kit, asked: argparse.Namespace) -> int:
    now = kit.clock.now()
    with kit.db.begin() as tx:
        pools = provisioning.licences.pools(tx)
        found = provisioning.licences.list_licences(tx, now, party=asked.of and str(asked.of), limit=asked.limit)
    for pool in pools:
        print(f"pool {pool.pool:24}  {pool.free} free, {pool.taken} taken, {pool.revoked} revoked")
    for one in found:
        what = f"{one.good} ({one.pool or 'signed'})"
        print(f"{one.grant_id:8}  {one.party:16}  {what:32}  {one.state:10}  until {moment(one.ends_at)}")
    if not pools and not found:
        print("no licences")
    return 0


def revoke(kit: Kit, asked: argparse.Namespace) -> int:
    word = "The key is revoked, and its owner gets another one" if asked.replace else "The licence is not valid then"
    print(f"licence {asked.grant}: {word}.")
    if not agreed(yes=asked.yes):
        return 1
    with kit.db.begin() as tx:
        provisioning.licences.revoke_licence(
            tx, asked.grant, reason=asked.reason, actor=actor(), now=kit.clock.now(), replace=asked.replace
        )
    print("Done.")
    return 0


def restore(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        provisioning.licences.restore_licence(tx, asked.grant, reason=asked.reason, actor=actor(), now=kit.clock.now())
    print(f"licence {asked.grant} counts again, as its subscription says")
    return 0


def signing_key(*_: object) -> int:
    """On the standard output the key alone, so that it can be handed on unseen."""
    print(provisioning.licences.make_signing_key())
    print("Set it as LICENCE_SIGNING_KEY, and the one before it in LICENCE_SIGNING_KEY_EARLIER.", file=sys.stderr)
    return 0


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError("1 to 10000")
    return int(text)


def _party(text: str) -> Party:
    try:
        return Party.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError("user:42 or workspace:7") from None


def _progress(total: int) -> Callable[[int], None]:
    def say(done: int) -> None:
        if total > EVERY and (done % EVERY == 0 or done == total):
            print(f"{done} of {total}", flush=True)

    return say


def _print_faults(faults: list[str]) -> None:
    print("Nothing was imported:")
    for fault in faults[:MOST_FAULTS]:
        print(f"  {fault}")
    if len(faults) > MOST_FAULTS:
        print(f"  and {len(faults) - MOST_FAULTS} more")
