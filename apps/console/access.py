"""`access`: who has which access, what is wrong with it, and what an operator does about it. Every action leaves a line
in the audit log; no secret is shown.

Exit codes: 0 done, 1 it could not be done, 2 wrong usage."""

from __future__ import annotations

import argparse

from sqlalchemy.orm import Session

from apps.console.persons import PERSON, find_person
from apps.console.terminal import actor, agreed, moment, run
from services import provisioning
from services.identity import Party
from services.kit import Kit
from services.platform import audit
from services.platform.errors import KioskError, NotFound
from services.provisioning import GrantLine, Provisioner

LARGEST_ID = 2**63 - 1


def main(arguments: list[str]) -> int:
    return run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    """What was typed, with the function that does it as `run`. Exits with 2 where it cannot be."""
    parser = argparse.ArgumentParser(
        prog="access", description="Access: what is wanted, and what the other sides have."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="grants, newest first")
    listing.add_argument("--failing", action="store_true", help="only those that cannot be delivered or taken back")
    listing.add_argument("--place", help="a server, a panel or a chat by its code")
    listing.add_argument("--user", help=PERSON)
    listing.add_argument("--limit", type=_id, default=100)
    listing.set_defaults(run=show_list)
    look = commands.add_parser("show", help="one grant and what was repaired of it")
    look.add_argument("grant", type=_id)
    look.set_defaults(run=show)
    again = commands.add_parser("retry", help="apply a grant again, now")
    again.add_argument("grant", type=_id)
    again.set_defaults(run=retry)
    mend = commands.add_parser("repair", help="compare a place with what is wanted, and make it equal")
    mend.add_argument("place")
    mend.add_argument("--kind", help="where several kinds have a place of this name")
    mend.add_argument("--all", action="store_true", dest="even_all", help="make again whatever is gone, however much")
    mend.add_argument("--yes", action="store_true", help="do not ask")
    mend.set_defaults(run=repair)
    for word, does in (
        ("bar", "suspend it, whatever is paid"),
        ("unbar", "let it go on"),
        ("rotate", "new credentials"),
    ):
        action = commands.add_parser(word, help=does)
        action.add_argument("grant", type=_id)
        action.add_argument("--reason", required=True, help="for the audit log")
        action.set_defaults(run=act, word=word)
    commands.add_parser("places", help="every place: how it is, how full, what troubles it").set_defaults(run=places)
    return parser.parse_args(arguments)


def show_list(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        party = find_person(tx, asked.user).party if asked.user else None
        found = provisioning.grants(tx, failing=asked.failing, place=asked.place, party=party, limit=asked.limit)
    for one in found:
        print(_line(one))
    if not found:
        print("there is none")
    return 0


def show(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        one = provisioning.grant_line(tx, asked.grant)
        repairs = provisioning.repairs_of(tx, one.id)
    print(_line(one))
    print(f"  good {one.good}, subscription {one.subscription_id}, credentials replaced {one.generation} times")
    print(f"  wanted revision {one.revision}, applied {one.applied_revision}")
    print(f"  looked at {moment(one.checked_at) if one.checked_at else 'never'}, used {one.used_bytes or 0} bytes")
    if one.barred:
        print(f"  barred: {one.barred}")
    if one.gone_at:
        print(f"  gone since {moment(one.gone_at)}: access repair {one.place} --all makes it again")
    for line in repairs:
        print(f"  {moment(line.at)}  {line.what}: had {dict(line.before)}, wanted {dict(line.after)}")
    return 0


def retry(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        provisioning.retry(tx, asked.grant, kit.clock.now())
        _note(kit, tx, asked.grant, "retry")
    print(f"grant {asked.grant} is applied again: access show {asked.grant} tells what came of it")
    return 0


def repair(kit: Kit, asked: argparse.Namespace) -> int:
    """Here and now. Raises TryLater or Misconfigured when the place cannot be asked."""
    provisioner = _provisioner(kit, asked.place, asked.kind)
    what = "whatever is gone" if asked.even_all else "what differs"
    print(f"To do: compare {provisioner.kind} {asked.place} and make {what} as it is wanted.")
    if not agreed(yes=asked.yes):
        return 1
    now = kit.clock.now()
    with kit.db.begin() as tx:
        subject, detail = f"place:{provisioner.kind}:{asked.place}", {"even_all": asked.even_all}
        audit.record(tx, actor=actor(), action="access.repair", subject=subject, now=now, **detail)
    seen = repaired = held_back = 0
    provisioner.repair(kit.db, asked.place, now)
    while True:
        looked = provisioning.look_at_place(kit.db, provisioner, asked.place, now, even_all=asked.even_all)
        seen, repaired = seen + looked.seen, repaired + looked.repaired
        held_back += looked.held_back
        if not looked.seen or not asked.even_all:
            break
    print(f"looked at {seen}, repairing {repaired}")
    if held_back:
        print(f"{held_back} are gone, too many at once: access repair {asked.place} --all makes them again")
    return 1 if held_back else 0


def act(kit: Kit, asked: argparse.Namespace) -> int:
    """Bars, lets go on, or replaces the credentials."""
    now = kit.clock.now()
    with kit.db.begin() as tx:
        if asked.word == "rotate":
            one = provisioning.grant_line(tx, asked.grant)
            party = Party.parse(one.party)
            provisioning.rotate(tx, kit.provisioners, party, one.id, generation=one.generation, now=now)
            changed = provisioning.grant_line(tx, one.id).generation > one.generation
            if changed:
                _note(kit, tx, one.id, "rotate", reason=asked.reason)
        else:
            do = provisioning.bar if asked.word == "bar" else provisioning.unbar
            changed = do(tx, asked.grant, reason=asked.reason, actor=actor(), now=now)
    print(f"grant {asked.grant}: {asked.word}" if changed else f"grant {asked.grant}: nothing to {asked.word}")
    return 0 if changed else 1


def places(kit: Kit, _asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        known = {kind: list(one.places(tx)) for kind, one in kit.provisioners.items()}
        held = {(kind, place): (some, bad) for kind, place, some, bad in provisioning.counts(tx)}
        troubles = provisioning.troubles(tx)
    failed = 0
    for kind, codes in known.items():
        for code in codes or [""]:
            some, bad = held.get((kind, code), (0, 0))
            says, is_well = _state(kit.provisioners[kind], code)
            mine = [one for one in troubles if (one.kind, one.place) == (kind, code) and one.is_told]
            failed += not is_well or bool(mine)
            print(f"{'✓' if is_well else '✗'} {kind} {code or '-'}: {says}; {some} grants, {bad} failing")
            for one in mine:
                print(f"    {one.trouble} since {moment(one.since)}: {one.says}")
    return 1 if failed else 0


def _state(provisioner: Provisioner, place: str) -> tuple[str, bool]:
    if not place:
        return "everywhere", True
    try:
        health = provisioner.check(place)
    except KioskError as error:
        return f"{error.code.replace('_', ' ')}: {error}", False
    room = f", {health.used} of {health.capacity} taken" if health.capacity else ""
    return f"{health.says}{room}", True


def _provisioner(kit: Kit, place: str, kind: str | None) -> Provisioner:
    """Raises NotFound."""
    with kit.db.begin() as tx:
        able = [one for name, one in kit.provisioners.items() if kind in (None, name) and place in one.places(tx)]
    if len(able) != 1:
        raise NotFound(f"place {place}" if not able else f"one place {place}: say --kind, of {len(able)}")
    return able[0]


def _line(one: GrantLine) -> str:
    parts = [f"{one.id:>6}", f"{one.party:12}", f"{one.kind} {one.place or '-'}", f"wanted {one.wanted}"]
    parts += [f"held {one.held}", f"until {moment(one.ends_at)}"]
    if one.failing_since:
        parts.append(f"failing since {moment(one.failing_since)}")
    if one.problem:
        parts.append(f"({one.problem})")
    return "  ".join([*parts, *(["barred"] if one.barred else []), *(["gone"] if one.gone_at else [])])


def _note(kit: Kit, tx: Session, grant_id: int, action: str, **detail: object) -> None:
    subject = f"grant:{grant_id}"
    audit.record(tx, actor=actor(), action=f"access.{action}", subject=subject, now=kit.clock.now(), **detail)


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= LARGEST_ID):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of ours")
    return int(text)
