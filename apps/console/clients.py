"""`clients`: the programs that may call the HTTP API, and their keys."""

from __future__ import annotations

import argparse

from apps.lifetime import begin
from services import identity
from services.kit import Kit
from services.platform.errors import KioskError

ACTOR = "console:clients"


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    kit = begin("console")
    try:
        match asked.what:
            case "create":
                _create(kit, asked.name, asked.scope)
            case "revoke":
                _revoke(kit, asked.id)
            case _:
                _list(kit)
    except KioskError as error:
        print(error)
        return 1
    finally:
        kit.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clients", description="Programs that may call the HTTP API.")
    what = parser.add_subparsers(dest="what", required=True)
    create = what.add_parser("create", help="make a client and show its key, this once")
    create.add_argument("name", help="for people, such as the program's name")
    known = identity.scopes()
    scopes = "; ".join(f"{scope}: {means}" for scope, means in known.items())
    create.add_argument("--scope", action="append", required=True, choices=list(known), help=scopes)
    what.add_parser("list", help="show all clients")
    revoke = what.add_parser("revoke", help="make a client's key count no more")
    revoke.add_argument("id", type=int)
    return parser


def _create(kit: Kit, name: str, scopes: list[str]) -> None:
    with kit.db.begin() as tx:
        issued = identity.create_client(tx, name=name, scopes=scopes, actor=ACTOR, now=kit.clock.now())
    print(f"client {issued.client.id} ({issued.client.name}) may: {', '.join(issued.client.scopes)}")
    print("Its key, shown this once:")
    print(issued.key)


def _revoke(kit: Kit, client_id: int) -> None:
    with kit.db.begin() as tx:
        client = identity.revoke_client(tx, client_id, actor=ACTOR, now=kit.clock.now())
    print(f"client {client.id} ({client.name}) is revoked: its key counts no more")


def _list(kit: Kit) -> None:
    with kit.db.begin() as tx:
        known = identity.clients(tx)
    for client in known:
        used = f"used {client.last_used_at:%Y-%m-%d %H:%M} UTC" if client.last_used_at else "never used"
        state = f"revoked {client.revoked_at:%Y-%m-%d}" if client.revoked_at else used
        print(f"{client.id:4}  {client.name:24}  {','.join(client.scopes):32}  {state}")
    if not known:
        print("no clients")
