"""What an operator sees of subscriptions in the console, and does with them."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from apps.console import subscriptions as command
from apps.console import terminal
from services import subscriptions
from services.subscriptions import Subscription
from tests.world import Kiosk, Person

Console = Callable[..., tuple[int, str]]
ME = f"console:{pwd.getpwuid(os.getuid()).pw_name}"


@pytest.fixture
def console(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> Console:
    """Runs `subscriptions` with these words; the exit code and what was said."""

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            status = terminal.carry_out(kiosk.kit, command.read([str(word) for word in words]))
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


@pytest.fixture
def anna(kiosk: Kiosk) -> Person:
    person = kiosk.person("Anna", "en")
    kiosk.buy(person)
    return person


def of(kiosk: Kiosk, person: Person) -> Subscription:
    with kiosk.kit.db.begin() as tx:
        (own,) = subscriptions.subscriptions_of(tx, person.party)
    return own


def audited(kiosk: Kiosk) -> list[tuple[str, str, str]]:
    with kiosk.kit.db.begin() as tx:
        rows = tx.execute(text("SELECT actor, action, detail->>'reason' FROM audit_log ORDER BY id"))
        return [tuple(row) for row in rows if row.action.startswith("subscription.")]  # type: ignore[misc]


def test_show_finds_it_by_number_and_by_person(kiosk: Kiosk, anna: Person, console: Console) -> None:
    own = of(kiosk, anna)
    for who in (own.id, anna.party, f"tg:{anna.telegram_id}"):
        status, said = console("show", who)
        assert status == 0
        assert f"subscription {own.id} of {anna.party}: vpn, vpn-1m, active" in said
        assert "began" in said
        assert "cause payment  invoice:" in said


def test_a_pause_and_back_with_the_reason_in_the_audit(kiosk: Kiosk, anna: Person, console: Console) -> None:
    own = of(kiosk, anna)
    assert console("pause", own.id, "--reason", "server down", "--yes")[0] == 0
    assert of(kiosk, anna).state == "paused"
    assert f"cause {ME}" in console("show", own.id)[1]
    assert "are kept" in console("show", own.id)[1]
    assert console("pause", own.id, "--reason", "again", "--yes")[0] == 1
    assert console("resume", own.id, "--reason", "works again", "--yes")[0] == 0
    assert console("cancel", own.id, "--reason", "asked", "--yes")[0] == 0
    assert of(kiosk, anna).state == "canceled"
    assert audited(kiosk) == [
        (ME, "subscription.pause", "server down"),
        (ME, "subscription.resume", "works again"),
        (ME, "subscription.cancel", "asked"),
    ]


def test_days_are_given_and_the_person_is_told_without_thanks(kiosk: Kiosk, anna: Person, console: Console) -> None:
    own = of(kiosk, anna)
    assert console("give-days", own.id, "--days", 5, "--reason", "sorry", "--yes")[0] == 0
    assert of(kiosk, anna).ends_at == own.ends_at + timedelta(days=5)
    kiosk.drain()
    said = kiosk.messages(anna)[-1]["text"]
    assert "Days were added" in said
    assert "Thank you" not in said
    assert audited(kiosk) == [(ME, "subscription.give_days", "sorry")]


def test_nothing_is_done_unasked_or_to_what_is_over(kiosk: Kiosk, anna: Person, console: Console) -> None:
    own = of(kiosk, anna)
    assert console("pause", own.id, "--reason", "x")[0] == 1, "there is no terminal to ask"
    assert of(kiosk, anna).state == "active"
    kiosk.pass_time(timedelta(days=32), step=timedelta(days=8))
    assert console("give-days", own.id, "--days", 5, "--reason", "x", "--yes")[0] == 1
    assert console("pause", own.id, "--reason", "x", "--yes")[0] == 1
    assert audited(kiosk) == []


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("show", "999999"), 1),
        (("show", "user:999999"), 1),
        (("show", "tg:1"), 1),
        (("show", "anna"), 2),
        (("show", "user:0"), 2),
        (("pause", "999999", "--reason", "x", "--yes"), 1),
        (("pause", "1"), 2),
        (("give-days", "1", "--days", "0", "--reason", "x"), 2),
        (("give-days", "1", "--days", "x", "--reason", "x"), 2),
        (("pause", str(2**63), "--reason", "x"), 2),
        ((), 2),
    ],
)
def test_what_cannot_be_says_so(console: Console, words: tuple[str, ...], status: int) -> None:
    assert console(*words)[0] == status
