"""Promo codes at the console: each command, its output, its exit code and its audit line."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis as redis_client
from sqlalchemy import text

from apps.console import promo
from apps.sandbox.stack import Stack
from services.kit import Kit
from services.platform.db import Database
from tests.factories import database_url, kit, make_tariff

Console = Callable[..., tuple[int, str]]
ME = f"console:{pwd.getpwuid(os.getuid()).pw_name}"


@pytest.fixture
def kiosk_kit(db: Database, stack: Stack, redis: redis_client.Redis) -> Iterator[Kit]:
    with kit(database_url(db), stack.redis_url, "console") as made:
        yield made


@pytest.fixture
def console(kiosk_kit: Kit, capsys: pytest.CaptureFixture[str]) -> Console:
    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            status = promo.carry_out(kiosk_kit, promo.read([str(word) for word in words]))
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def audited(db: Database) -> list[tuple[str, str, str]]:
    with db.begin() as tx:
        rows = tx.execute(text("SELECT actor, action, subject FROM audit_log ORDER BY id"))
        return [tuple(row) for row in rows]  # type: ignore[misc]


def test_a_code_is_made_shown_listed_and_ended(console: Console, db: Database) -> None:
    assert console("list") == (0, "no promo codes\n")
    status, said = console("create", "summer", "percent", "20", "--total", "100", "--until", "2090-01-01")
    assert (status, said) == (0, "promo code SUMMER is made\n")
    status, said = console("show", "Summer")
    assert status == 0
    for line in ("kind            percent", "value           20", "total           100", "per_person      1"):
        assert f"{line}\n" in said
    assert "used            0\nreserved        0\n" in said
    assert "0 of 100 used, 0 reserved  until 2090-01-01 00:00:00 UTC" in console("list")[1]
    assert console("deactivate", "SUMMER")[0] == 0
    assert "ended" in console("list")[1]
    assert audited(db) == [(ME, "promo.create", "promo:SUMMER"), (ME, "promo.deactivate", "promo:SUMMER")]


def test_every_fault_of_a_code_is_told_and_nothing_is_made(console: Console, db: Database) -> None:
    status, said = console("create", "A", "fixed", "ten", "--total", "none", "--audience", "trial")
    assert status == 1
    for fault in ("code must be", "value must be", "total must be", "audience must be"):
        assert fault in said
    assert (console("list")[1], audited(db)) == ("no promo codes\n", [])


def test_a_code_that_is_not_there(console: Console) -> None:
    for words in (("show", "NOTHING"), ("deactivate", "NOTHING")):
        status, said = console(*words)
        assert (status, said) == (1, "promo unknown: no such promo code\n")
    assert console("paint")[0] == 2


def test_what_is_exported_can_be_imported(console: Console, db: Database, tmp_path: Path, kiosk_kit: Kit) -> None:
    with db.begin() as tx:
        make_tariff(tx, kiosk_kit.clock.now())
    console("create", "ONE", "fixed", "100.00 RUB; 50 XTR", "--tariffs", "vpn-1m", "--minimum", "200.00 RUB; 99 XTR")
    console("create", "TWO", "free_days", "7", "--per-person", "any", "--from", "2026-12-01T10:00+03:00")
    file = tmp_path / "codes.csv"
    assert console("export", file) == (0, f"{file}: 2 promo codes\n")
    assert console("export")[1] == file.read_text()
    with db.begin() as tx:
        tx.execute(text("DELETE FROM promo_codes"))
    assert console("import", file) == (0, "2 promo codes are made\n")
    assert console("export")[1] == file.read_text()


def test_a_file_with_faults_makes_nothing_and_names_their_lines(console: Console, db: Database, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("\ufeffcode,kind,value\nONE,percent,20\nTWO,percent,200\nx,percent,5\none,percent,5\n")
    status, said = console("import", file)
    assert status == 1
    assert [line.strip().split(" ", 3)[:3] for line in said.splitlines()[1:]] == [
        ["line", "3:", "value"],
        ["line", "4:", "code"],
        ["line", "5:", "code"],
    ]
    assert (console("list")[1], audited(db)) == ("no promo codes\n", [])
    file.write_text("code,kind,value\nONE,percent,20,1,2\n")
    assert "line 2: has more fields" in console("import", file)[1]
    file.write_text("a table of something else\n")
    assert "line 1: must name the fields" in console("import", file)[1]
    file.write_bytes(b"\xff\xfe\x00")
    assert console("import", file)[0] == 1
    file.write_text('code,kind,value\n"ONE,percent,20\n')
    assert console("import", file)[0] == 1
    assert console("import", tmp_path / "nowhere.csv")[0] == 1
    assert console("list")[1] == "no promo codes\n"
