"""Operators look at tokens, give and take them, and block people; every change is on record and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from apps.console import people, terminal, wallet
from services import identity
from tests.services.wallet.token_shop import give, put_on_sale, top_up
from tests.world import Kiosk, Person

Console = Callable[..., tuple[int, str]]


@pytest.fixture
def console(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> Console:
    def run(*arguments: object) -> tuple[int, str]:
        status = terminal.carry_out(kiosk.kit, wallet.read([str(one) for one in arguments]))
        return status, capsys.readouterr().out

    return run


@pytest.fixture
def anna(kiosk: Kiosk) -> Person:
    person = kiosk.person("Anna", "en")
    with kiosk.kit.db.begin() as tx:
        put_on_sale(tx, kiosk.now, fee=100, floor=30)
        top_up(tx, kiosk.now, person.party)
        give(tx, person.party, kiosk.now, bonus=20)
    kiosk.drain()
    return person


def audited(kiosk: Kiosk) -> list[Any]:
    with kiosk.kit.db.begin() as tx:
        return list(tx.execute(text("SELECT action, subject, detail FROM audit_log ORDER BY id")))


def test_show_and_history_tell_all_and_leave_no_trace(kiosk: Kiosk, console: Console, anna: Person) -> None:
    status, said = console("show", anna.party.id)
    assert status == 0
    for part in ("100 tokens and 20 bonus", "may go 30 below zero", "20 bonus expire", "100 for the next period of ai"):
        assert part in said
    status, said = console("history", anna.party.id)
    assert [line.split("UTC")[1].split("  ")[1:3] for line in said.splitlines()] == [
        ["+0 tokens", "+20 bonus"],
        ["-100 tokens", "+0 bonus"],
        ["+200 tokens", "+0 bonus"],
    ]
    assert console("history", kiosk.person().party.id) == (0, "nothing yet\n")
    assert (
        console("show", f"tg:{anna.telegram_id}") == console("show", str(anna.party)) == console("show", anna.party.id)
    )
    assert console("show", 99) == (1, "there is no user 99\n")
    assert console("show", "tg:1") == (1, "there is no user with Telegram id 1\n")
    assert [console("show", named)[0] for named in ("Anna", "tg:", ":7", "workspace:1", "²", "0")] == [2] * 6
    assert audited(kiosk) == []


def test_adjusting_is_asked_for_recorded_and_told(kiosk: Kiosk, console: Console, anna: Person) -> None:
    user = anna.party.id
    status, said = console("adjust", user, "--tokens", "5", "--reason", "x")
    assert (status, "Say --yes" in said) == (1, True)
    status, said = console("adjust", user, "--tokens", "5", "--reason", "a gift", "--yes")
    assert (status, "105 tokens and 20 bonus now" in said) == (0, True)
    status, said = console("adjust", user, "--tokens", "-136", "--reason", "too much", "--yes")
    assert (status, "insufficient balance" in said) == (1, True)
    assert console("adjust", user, "--tokens", "-135", "--reason", "back", "--yes")[0] == 0
    assert console("adjust", user, "--tokens", "-1", "--reason", "back", "--yes", "--force")[0] == 0
    assert console("adjust", user, "--tokens", "0", "--reason", "back", "--yes")[0] == 2
    assert [(one.action, one.subject, one.detail["tokens"]) for one in audited(kiosk)] == [
        ("wallet.adjust", f"user:{user}", tokens) for tokens in (5, -135, -1)
    ]
    kiosk.drain(1)
    words = [message["text"] for message in kiosk.messages(anna)]
    assert any("We have added 5 tokens to your balance" in one for one in words)
    assert any("We have taken 135 tokens from your balance" in one for one in words)


def test_blocking_and_letting_in_are_on_record(kiosk: Kiosk, anna: Person, capsys: pytest.CaptureFixture[str]) -> None:
    user = str(anna.party.id)
    for command, expected in (
        (["block", user, "--reason", "fraud"], (0, f"user {user} is blocked\n")),
        (["block", user, "--reason", "fraud"], (0, f"user {user} was blocked already\n")),
        (["unblock", user, "--reason", "mistake"], (0, f"user {user} is not blocked\n")),
        (["block", "99", "--reason", "fraud"], (1, "there is no user 99\n")),
    ):
        assert (terminal.carry_out(kiosk.kit, people.read(command)), capsys.readouterr().out) == expected
    assert [(one.action, one.subject, one.detail) for one in audited(kiosk)] == [
        ("user.block", f"user:{user}", {"reason": "fraud"}),
        ("user.unblock", f"user:{user}", {"reason": "mistake"}),
    ]
    with kiosk.kit.db.begin() as tx:
        assert not identity.user(tx, anna.party.id).blocked
