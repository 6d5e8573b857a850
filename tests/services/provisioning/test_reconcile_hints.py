"""A hint makes one grant be looked at, soon and once; it decides nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services import provisioning
from services.platform.db import Database
from services.platform.errors import TryLater
from tests.services.provisioning.desk import Desk

MINUTE, SECONDS = timedelta(minutes=1), timedelta(seconds=6)


@pytest.fixture
def desk(db: Database, now: datetime) -> Desk:
    return Desk(db, now)


def hint(desk: Desk, key: str, place: str = "m1", kind: str = "wireguard") -> bool:
    with desk.db.begin() as tx:
        return provisioning.note_hint(tx, kind=kind, place=place, key=key, now=desk.now)


def test_a_hint_looks_at_that_grant_and_makes_it_equal(desk: Desk) -> None:
    mine, other = desk.people(2)
    desk.now += MINUTE
    desk.elsewhere.requests.clear()
    desk.elsewhere.things[f"k{mine}"].off = desk.elsewhere.things[f"k{other}"].off = True
    assert hint(desk, f"k{mine}")
    desk.work()
    assert desk.elsewhere.requests == {"get": 1, "put": 1}
    assert not desk.elsewhere.things[f"k{mine}"].off
    assert desk.elsewhere.things[f"k{other}"].off, "nobody said anything of it"
    assert desk.repairs() == ["state"]


def test_many_hints_are_one_look(desk: Desk) -> None:
    (mine,) = desk.people(1)
    desk.now += MINUTE
    desk.elsewhere.requests.clear()
    assert all(hint(desk, f"k{mine}") for _ in range(20))
    desk.work()
    assert desk.elsewhere.requests == {"get": 1}
    assert len(desk.events(provisioning.AccessHinted)) == 1
    assert all(hint(desk, f"k{mine}") for _ in range(20))
    desk.work()
    assert [type(error) for _, error in desk.undone] == [TryLater], "it was looked at a moment ago"
    desk.now += SECONDS
    desk.work()
    assert desk.elsewhere.requests == {"get": 2}
    assert desk.undone == []


def test_our_own_change_comes_back_and_ends_there(desk: Desk) -> None:
    (mine,) = desk.people(1)
    desk.elsewhere.things[f"k{mine}"].limit = 5
    for _ in range(5):
        hint(desk, f"k{mine}")  # the other side tells of each change, ours too
        desk.now += SECONDS
        desk.work()
    assert desk.elsewhere.requests["put"] == 2, "the purchase, and one repair"
    assert desk.repairs() == ["limits"]


def test_what_is_said_while_we_ask_is_looked_into_afterwards(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (mine,) = desk.people(1)
    desk.now += MINUTE
    whole = desk.memory.fetch

    def slow(*asked: object) -> object:
        held = whole(*asked)  # type: ignore[arg-type]
        desk.elsewhere.things[f"k{mine}"].off = True
        desk.now += timedelta(seconds=1)
        assert hint(desk, f"k{mine}")
        return held

    hint(desk, f"k{mine}")
    monkeypatch.setattr(desk.memory, "fetch", slow)
    event = desk.events(provisioning.AccessHinted)[-1]
    provisioning.look(desk.db, event, desk.now, desk.provisioners)
    monkeypatch.undo()
    desk.now += SECONDS
    desk.work()
    desk.now += SECONDS
    desk.work()
    assert not desk.elsewhere.things[f"k{mine}"].off


@pytest.mark.parametrize("key", ["", "k", "k0", "k999999", "x1", "1", "k-1", "k1 ", "k" + "9" * 30, "k1\n", "kanna"])
def test_a_hint_of_nothing_of_ours_is_nothing(desk: Desk, key: str) -> None:
    (mine,) = desk.people(1)
    assert mine != 0
    if key.strip() != f"k{mine}" or key != key.strip():
        assert not hint(desk, key)
    assert not hint(desk, f"k{mine}", place="m2")
    assert not hint(desk, f"k{mine}", kind="another")
    assert desk.events(provisioning.AccessHinted) == []


def test_who_does_not_answer_is_asked_again(desk: Desk) -> None:
    (mine,) = desk.people(1)
    desk.now += MINUTE
    desk.elsewhere.things[f"k{mine}"].off = True
    desk.elsewhere.break_down("down")
    hint(desk, f"k{mine}")
    desk.work()
    assert len(desk.undone) == 1
    assert desk.repairs() == []
    desk.elsewhere.break_down(None)
    desk.work()
    assert not desk.elsewhere.things[f"k{mine}"].off


def test_hints_make_again_no_more_than_checks_do(desk: Desk) -> None:
    """Somebody empties a panel, which tells of each."""
    grants = desk.people(30)
    desk.elsewhere.things.clear()
    desk.now += MINUTE
    for one in grants:
        hint(desk, f"k{one}")
    desk.work()
    assert len(desk.elsewhere.things) == 20
    assert desk.troubles() == ["losses"]
    desk.check()
    assert len(desk.elsewhere.things) == 20
    assert len(desk.events(provisioning.PlaceTroubled)) == 1
