"""Places in trouble: operators are told once, and once more when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services import provisioning
from services.platform.db import Database
from services.platform.errors import TryLater
from tests.services.provisioning.desk import Desk

DAY = timedelta(days=1)


@pytest.fixture
def desk(db: Database, now: datetime) -> Desk:
    return Desk(db, now, room=10)


def told(desk: Desk) -> list[tuple[str, str]]:
    """What operators heard, in its order by kind of news."""
    begun = [("begun", one.trouble) for one in desk.events(provisioning.PlaceTroubled)]
    return begun + [("over", one.trouble) for one in desk.events(provisioning.PlaceMended)]


def test_silence_is_told_the_second_time_and_its_end_once(desk: Desk) -> None:
    desk.elsewhere.break_down("down")
    desk.check()
    assert told(desk) == [], "once may be chance"
    for _ in range(5):
        desk.check()
    assert told(desk) == [("begun", "unreachable")]
    desk.elsewhere.break_down(None)
    for _ in range(3):
        desk.check()
    assert told(desk) == [("begun", "unreachable"), ("over", "unreachable")]


def test_a_short_silence_is_nobodys_business(desk: Desk) -> None:
    for _ in range(3):
        desk.elsewhere.break_down("down")
        desk.check()
        desk.elsewhere.break_down(None)
        desk.check()
    assert told(desk) == []


def test_what_an_operator_must_mend_is_told_at_once(desk: Desk) -> None:
    desk.elsewhere.break_down("misconfigured")
    for _ in range(3):
        desk.check()
    assert told(desk) == [("begun", "misconfigured")]
    desk.elsewhere.break_down(None)
    desk.check()
    assert told(desk)[1:] == [("over", "misconfigured")]


def test_a_place_that_only_its_list_fails_of_is_in_trouble(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.people(1)
    whole = desk.elsewhere.asked

    def asked(verb: str) -> str | None:
        if verb == "list":
            raise TryLater("no list")
        return whole(verb)

    monkeypatch.setattr(desk.elsewhere, "asked", asked)
    for _ in range(3):
        desk.check()
    assert told(desk) == [("begun", "unreachable")]


def test_a_pool_that_runs_out(desk: Desk) -> None:
    desk.people(7)
    desk.check()
    assert told(desk) == []
    desk.people(1)
    desk.check()
    assert told(desk) == [("begun", "nearly_full")]
    desk.people(2)
    for _ in range(3):
        desk.check()
    assert told(desk) == [("begun", "nearly_full"), ("begun", "full")]
    desk.elsewhere.room = 13  # 77 of 100: neither full nor plenty
    desk.check()
    assert told(desk)[2:] == [("over", "full")]
    desk.elsewhere.room = 100
    desk.check()
    assert told(desk)[2:] == [("over", "full"), ("over", "nearly_full")]


def test_our_own_credentials_run_out(desk: Desk) -> None:
    desk.elsewhere.expires_at = desk.now + 15 * DAY
    desk.check()
    assert told(desk) == []
    desk.check(after=DAY)
    desk.check(after=DAY)
    assert told(desk) == [("begun", "credentials_ending")]
    desk.elsewhere.expires_at = desk.now + 365 * DAY
    desk.check()
    assert told(desk)[1:] == [("over", "credentials_ending")]


def test_a_place_that_is_no_more_has_no_trouble(desk: Desk) -> None:
    desk.elsewhere.break_down("misconfigured")
    desk.check()
    assert desk.troubles() == ["misconfigured"]
    desk.memory._places = ("m2",)
    desk.elsewhere.break_down(None)
    desk.check()
    assert desk.troubles() == []


def test_a_place_that_lost_its_list_is_mended_before_it_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reinstalled server says that it is not well until it has its list."""
    desk.elsewhere.break_down("misconfigured")
    monkeypatch.setattr(desk.memory, "repair", lambda *_: desk.elsewhere.break_down(None))
    desk.check()
    assert told(desk) == []


def test_a_repair_that_fails_is_a_trouble(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise TryLater("the list changes faster than it is sent")

    monkeypatch.setattr(desk.memory, "repair", fails)
    for _ in range(2):
        desk.check()
    assert told(desk) == [("begun", "unreachable")]
    assert desk.undone == []
