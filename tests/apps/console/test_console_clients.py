"""The console sets up the logs of a whole process, so it runs in one of its own: one for all the commands of a test."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

from apps.sandbox.stack import Stack
from services import identity
from services.platform.clock import wall_clock
from services.platform.config import inherited_environment
from services.platform.db import Database
from tests.factories import database_url, environment

Said = list[tuple[int, str]]
Console = Callable[..., Said]

RUN = """
import contextlib, io, json, runpy, sys

def run(arguments):
    sys.argv = ["apps.console", *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
        try:
            runpy.run_module("apps.console", run_name="__main__")
        except SystemExit as end:
            return end.code, said.getvalue()

print(json.dumps([run(arguments) for arguments in json.load(sys.stdin)]))
"""


@pytest.fixture
def console(db: Database, stack: Stack) -> Console:
    variables = inherited_environment() | environment(database_url(db), stack.redis_url)

    def run(*commands: Sequence[str]) -> Said:
        asked = json.dumps([["clients", *command] for command in commands])
        command = [sys.executable, "-W", "error", "-c", RUN]
        done = subprocess.run(command, input=asked, capture_output=True, text=True, env=variables, timeout=60)
        assert done.returncode == 0, done.stderr
        return [(status, said) for status, said in json.loads(done.stdout)]

    return run


def test_a_clients_life(console: Console, db: Database) -> None:
    create = ("create", "Bookkeeping", "--scope", "payments", "--scope", "payments:refund")
    (_, nobody), (status, said) = console(("list",), create)
    assert (nobody, status) == ("no clients\n", 0)
    (key,) = re.findall(r"^kiosk_[0-9]+_\S+$", said, re.MULTILINE)
    with db.begin() as tx:
        client = identity.authenticate(tx, key, wall_clock())
    assert (client.name, client.scopes) == ("Bookkeeping", ("payments", "payments:refund"))

    (_, before), (status, _), (_, after) = console(("list",), ("revoke", str(client.id)), ("list",))
    assert re.search(rf"{client.id} +Bookkeeping +payments,payments:refund +used 2", before)
    assert re.search(rf"{client.id} +Bookkeeping +payments,payments:refund +revoked 2", after)
    assert status == 0
    assert key.split("_", 2)[2] not in before + after
    with db.begin() as tx, pytest.raises(identity.BadKey):
        identity.authenticate(tx, key, wall_clock())


def test_what_cannot_be_says_why(console: Console, db: Database) -> None:
    expected = {
        ("create", "shop", "--scope", "payments"): (0, "shown this once"),
        ("create", "shop", "--scope", "payments:refund"): (1, "there is a client named 'shop' already"),
        ("create", "<b>", "--scope", "payments"): (1, "a name is"),
        ("revoke", "99999"): (1, "client 99999"),
        ("revoke", "9" * 40): (1, "client 999"),
        ("create", "other", "--scope", "everything"): (2, "invalid choice"),
        ("create", "other"): (2, "--scope"),
        ("revoke", "shop"): (2, "invalid int"),
        (): (2, "usage"),
        ("delete", "1"): (2, "invalid choice"),
    }
    for (command, (status, why)), (got, said) in zip(expected.items(), console(*expected), strict=True):
        assert (got, why in said) == (status, True), (command, said)
        assert "Traceback" not in said
    with db.begin() as tx:
        assert [client.name for client in identity.clients(tx)] == ["shop"]
