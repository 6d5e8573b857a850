"""How the console does what was typed, talks with the person at its terminal, and names them in the audit log."""

from __future__ import annotations

import argparse
import os
import pwd
import sys
from datetime import UTC, datetime

from sqlalchemy.exc import OperationalError

from apps.lifetime import begin
from services.kit import Kit
from services.platform.errors import Invalid, KioskError, NotFound
from services.platform.money import Money


def run(asked: argparse.Namespace) -> int:
    """Does what was typed, in a Kiosk of this process. Returns the exit code."""
    kit = begin("console")
    try:
        return carry_out(kit, asked)
    finally:
        kit.close()


def carry_out(kit: Kit, asked: argparse.Namespace) -> int:
    """Calls `asked.run`, which answers with an exit code, or with nothing for 0: 0 done, 1 it could not be done, 2 what
    was typed cannot be."""
    try:
        return int(asked.run(kit, asked) or 0)
    except KioskError as error:
        return refusal(error)
    except OperationalError as error:
        print(f"the database does not answer ({type(error.orig).__name__}): python -m apps.console doctor")
        return 1


def actor() -> str:
    """ "console:<login name>", or the user's number where it has no name, as on some platforms."""
    number = os.getuid()
    try:
        return f"console:{pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"console:{number}"


def agreed(*, yes: bool) -> bool:
    """Asks whether to do what was just shown. `yes` answers beforehand; without a terminal nobody can."""
    if yes:
        return True
    if not sys.stdin.isatty():
        print("Nothing was done: there is nobody to ask here. Say --yes.")
        return False
    try:
        answer = input("Do it? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() in ("y", "yes"):
        return True
    print("Nothing was done.")
    return False


def refusal(error: KioskError) -> int:
    """Prints what Kiosk would not do, and why. Returns the exit code: 2 where what was typed cannot be."""
    if isinstance(error, NotFound):
        print(f"there is no {error}")
    else:
        print(f"{error.code.replace('_', ' ')}: {error}")
    return 2 if isinstance(error, Invalid) else 1


def amount(money: Money | None) -> str:
    """As people write it: "299.00 RUB"."""
    return f"{money} {money.currency}" if money is not None else "nothing"


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
