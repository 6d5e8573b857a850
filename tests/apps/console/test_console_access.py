"""What an operator sees of access in the console, and does about it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable

import pytest
from sqlalchemy import text

from apps.console import access as command
from apps.console import doctor_access, terminal
from apps.console.findings import Trouble
from tests.contracts.memory_access import Elsewhere, MemoryAccess
from tests.world import Kiosk, Person

Console = Callable[..., tuple[int, str]]
ME = f"console:{pwd.getpwuid(os.getuid()).pw_name}"


@pytest.fixture
def elsewhere(kiosk: Kiosk) -> Elsewhere:
    """The other side of everybody's access."""
    there = Elsewhere(lambda: kiosk.now, room=50)
    memory = MemoryAccess(there, kind="wireguard", places=("m1",))
    kiosk.kit.provisioners["wireguard"] = memory  # type: ignore[index]
    return there


@pytest.fixture
def anna(kiosk: Kiosk, elsewhere: Elsewhere) -> Person:
    person = kiosk.person("Anna", "en")
    kiosk.buy(person)
    return person


@pytest.fixture
def console(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> Console:
    """Runs `access` with these words; the exit code and what was said."""

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            status = terminal.carry_out(kiosk.kit, command.read([str(word) for word in words]))
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        kiosk.drain()
        return status, said.out + said.err

    return run


@pytest.fixture
def grant(kiosk: Kiosk, anna: Person) -> int:
    return int(kiosk.scalar("SELECT id FROM access_grants"))


def audited(kiosk: Kiosk) -> list[tuple[str, str]]:
    with kiosk.kit.db.begin() as tx:
        rows = tx.execute(text("SELECT actor, action FROM audit_log WHERE action LIKE 'access.%' ORDER BY id"))
        return [(row.actor, row.action) for row in rows]


def test_grants_are_listed_and_shown_without_secrets(
    console: Console, grant: int, anna: Person, elsewhere: Elsewhere
) -> None:
    secret = elsewhere.things[f"k{grant}"].secret
    for words in (("list",), ("list", "--user", anna.party), ("list", "--place", "m1"), ("show", grant)):
        status, said = console(*words)
        assert status == 0
        assert str(anna.party) in said
        assert "wanted active  held active" in said
        assert secret not in said
    assert "there is none" in console("list", "--place", "m9")[1]
    assert "there is none" in console("list", "--failing")[1]
    assert console("show", grant + 1) == (1, f"there is no grant {grant + 1}\n")
    assert console("show", "x")[0] == 2
    assert console()[0] == 2


def test_what_fails_is_listed_and_retried(console: Console, kiosk: Kiosk, grant: int, elsewhere: Elsewhere) -> None:
    elsewhere.break_down("misconfigured")
    assert console("retry", grant)[0] == 0
    assert "failing since" in console("list", "--failing")[1]
    assert "(misconfigured)" in console("show", grant)[1]
    with pytest.raises(Trouble, match="1 grants cannot be delivered"):
        dict(doctor_access.checks(kiosk.kit))["Access"](kiosk.kit)
    elsewhere.break_down(None)
    console("retry", grant)
    assert "there is none" in console("list", "--failing")[1]
    assert dict(doctor_access.checks(kiosk.kit))["Access"](kiosk.kit) == "1 grants are held as wanted"
    assert audited(kiosk) == [(ME, "access.retry"), (ME, "access.retry")]


def test_a_place_is_compared_and_mended(console: Console, kiosk: Kiosk, grant: int, elsewhere: Elsewhere) -> None:
    elsewhere.things[f"k{grant}"].off = True
    kiosk.world.offset.move(600)
    what = "To do: compare wireguard m1 and make what differs as it is wanted.\n"
    assert console("repair", "m1") == (1, f"{what}Nothing was done: there is nobody to ask here. Say --yes.\n")
    assert "looked at 1, repairing 1" in console("repair", "m1", "--yes")[1]
    assert not elsewhere.things[f"k{grant}"].off
    assert "state: had {'state': 'suspended'" in console("show", grant)[1]
    assert console("repair", "m9", "--yes") == (1, "there is no place m9\n")
    elsewhere.break_down("down")
    assert "try later" in console("repair", "m1", "--yes", "--all")[1]
    assert audited(kiosk) == [(ME, "access.repair"), (ME, "access.repair")]


def test_too_many_losses_are_made_again_at_a_word(console: Console, kiosk: Kiosk, elsewhere: Elsewhere) -> None:
    for number in range(21):
        kiosk.buy(kiosk.person(f"Buyer {number}", "en"))
    elsewhere.things.clear()
    kiosk.world.offset.move(600)
    status, said = console("repair", "m1", "--yes")
    assert (status, "21 are gone, too many at once: access repair m1 --all" in said) == (1, True)
    assert elsewhere.things == {}
    assert "losses since" in console("places")[1]
    assert console("repair", "m1", "--all", "--yes")[0] == 0
    assert len(elsewhere.things) == 21
    assert "losses" not in console("places")[1]


def test_places_are_asked_for_real(console: Console, grant: int, elsewhere: Elsewhere) -> None:
    status, said = console("places")
    assert (status, said.splitlines()[0]) == (0, "✓ wireguard m1: 1 things, 1 of 50 taken; 1 grants, 0 failing")
    elsewhere.break_down("misconfigured")
    status, said = console("places")
    assert (status, said.splitlines()[0]) == (1, "✗ wireguard m1: misconfigured: 401; 1 grants, 0 failing")


def test_an_operator_bars_lets_go_on_and_replaces_credentials(
    console: Console, kiosk: Kiosk, grant: int, elsewhere: Elsewhere
) -> None:
    thing = elsewhere.things[f"k{grant}"]
    secret = thing.secret
    assert console("bar", grant)[0] == 2, "a reason is needed"
    assert console("bar", grant, "--reason", "shared") == (0, f"grant {grant}: bar\n")
    assert thing.off
    assert "barred: shared" in console("show", grant)[1]
    assert console("bar", grant, "--reason", "again") == (1, f"grant {grant}: nothing to bar\n")
    assert console("rotate", grant, "--reason", "x") == (1, f"grant {grant}: nothing to rotate\n")
    assert console("unbar", grant, "--reason", "sorry")[0] == 0
    assert (thing.off, thing.secret) == (False, secret)
    assert console("rotate", grant, "--reason", "stolen")[0] == 0
    assert thing.secret != secret
    assert audited(kiosk) == [(ME, f"access.{word}") for word in ("bar", "unbar", "rotate")]


def test_the_doctor_looks_at_every_place(kiosk: Kiosk, elsewhere: Elsewhere) -> None:
    memory = MemoryAccess(elsewhere, kind="panel", places=("p1", "p2"))
    kiosk.kit.provisioners["panel"] = memory  # type: ignore[index]
    found = dict(doctor_access.checks(kiosk.kit))
    assert list(found) == ["panel p1", "panel p2", "Access"]
    assert found["panel p1"](kiosk.kit) == "0 things"
    elsewhere.break_down("down")
    with pytest.raises(Trouble) as trouble:
        found["panel p1"](kiosk.kit)
    assert (trouble.value.says, trouble.value.remedy[:30]) == ("nobody answers", "look at the settings of panel ")
