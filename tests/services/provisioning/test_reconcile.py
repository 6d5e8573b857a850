"""What the other side has is held against what was paid, and made equal: once, and nothing else is touched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from services import provisioning
from services.platform.db import Database
from services.platform.errors import TryLater
from tests.contracts.memory_access import Thing
from tests.services.provisioning.desk import Desk

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def desk(db: Database, now: datetime) -> Desk:
    return Desk(db, now)


def key(grant_id: int) -> str:
    return f"k{grant_id}"


def test_nothing_is_sent_where_nothing_differs(desk: Desk) -> None:
    desk.people(3)
    for _ in range(3):
        assert desk.check() == {"check": 1, "list": 1}
    assert desk.repairs() == []
    assert desk.told["access_granted"] == 3


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"ends_at": timedelta(hours=-3)}, "end"),
        ({"ends_at": timedelta(hours=3)}, "end"),
        ({"ends_at": timedelta(seconds=2)}, "end"),
        ({"off": True}, "state"),
        ({"limit": 1}, "limits"),
        ({"devices_limit": None}, "limits"),
    ],
    ids=str,
)
def test_a_difference_is_made_equal_once_and_silently(desk: Desk, change: dict[str, object], what: str) -> None:
    mine, other = desk.people(2)
    thing = desk.elsewhere.things[key(mine)]
    before = vars(thing).copy()
    for name, value in change.items():
        setattr(thing, name, thing.ends_at + value if isinstance(value, timedelta) else value)
    assert desk.check() == {"check": 1, "list": 1, "put": 1}
    assert vars(thing) == before
    assert desk.repairs() == [what]
    assert desk.row(mine).applied_revision == desk.row(mine).revision == 2
    assert desk.row(other).revision == 1
    assert desk.told["access_granted"] == 2, "its owner has not asked for anything"
    assert desk.check() == {"check": 1, "list": 1}, "the second run sends nothing"


def test_a_second_is_the_same_moment(desk: Desk) -> None:
    (mine,) = desk.people(1)
    desk.elsewhere.things[key(mine)].ends_at += timedelta(milliseconds=999)
    assert desk.check()["put"] == 0


@pytest.mark.parametrize("zone", ["Europe/Moscow", "America/New_York"])
def test_the_machines_zone_does_not_matter(desk: Desk, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        (mine,) = desk.people(1)
        assert desk.check()["put"] == 0
        thing = desk.elsewhere.things[key(mine)]
        wanted = thing.ends_at
        thing.ends_at = wanted.astimezone()  # the same moment, as this machine would write it
        assert thing.ends_at.utcoffset() != wanted.utcoffset()
        assert desk.check()["put"] == 0
        thing.ends_at = wanted.replace(tzinfo=thing.ends_at.tzinfo)  # taken for local time
        assert desk.check()["put"] == 1
        assert thing.ends_at == wanted
    finally:
        monkeypatch.undo()
        time.tzset()


def test_replaced_credentials_reach_their_owner(desk: Desk) -> None:
    """Somebody made a new link at the panel: the old one is worth nothing, and the owner gets the one that works."""
    (mine,) = desk.people(1)
    desk.elsewhere.things[key(mine)].secret = "another0000000000"
    desk.check()
    assert desk.repairs() == ["credentials"]
    granted = desk.events(provisioning.AccessGranted)
    assert [one.fresh for one in granted] == [True, True]


def test_deleted_by_hand_is_made_again_once(desk: Desk) -> None:
    mine, _ = desk.people(2)
    del desk.elsewhere.things[key(mine)]
    assert desk.check()["put"] == 1
    assert key(mine) in desk.elsewhere.things
    assert desk.repairs() == ["absent"]
    assert desk.check()["put"] == 0


def test_what_used_up_its_traffic_is_as_wanted(desk: Desk) -> None:
    (mine,) = desk.people(1)
    desk.elsewhere.things[key(mine)].used = 60 * 10**9
    assert desk.check()["put"] == 0
    assert (desk.row(mine).held, desk.row(mine).used_bytes) == ("limited", 60 * 10**9)


def test_what_ended_by_itself_is_left_to_itself(desk: Desk) -> None:
    (mine,) = desk.people(1)
    desk.now += 40 * DAY
    assert desk.check()["put"] == 0, "its end is on the way"
    desk.elsewhere.requests.clear()
    desk.expire()
    assert desk.elsewhere.requests["put"] == 1
    desk.elsewhere.things[key(mine)].off = False  # the other side knows it as expired, and not as suspended
    assert desk.check() == {"check": 1, "list": 1}
    assert desk.repairs() == []
    assert desk.row(mine).held == "expired"


def test_what_is_over_is_taken_back_again(desk: Desk) -> None:
    (mine,) = desk.people(1)
    desk.now += 40 * DAY
    desk.expire()
    thing = desk.elsewhere.things[key(mine)]
    thing.off, thing.ends_at = False, desk.now + 100 * DAY
    desk.check()
    assert desk.elsewhere.state(thing) == "suspended"
    assert desk.repairs() == ["state"]


def test_what_is_not_ours_is_never_touched(desk: Desk) -> None:
    desk.people(1)
    foreign = [Thing("k777", desk.now - DAY), Thing("anna", desk.now + DAY, off=True), Thing("k1x", desk.now + DAY)]
    desk.elsewhere.things |= {one.name: one for one in foreign}
    before = [vars(one).copy() for one in foreign]
    assert desk.check()["put"] == 0
    assert [vars(one) for one in foreign] == before


def test_who_does_not_answer_has_lost_nothing(desk: Desk) -> None:
    desk.people(3)
    for mode in ("down", "after", "misconfigured"):
        desk.elsewhere.break_down(mode)
        assert desk.check()["put"] == 0
        desk.elsewhere.break_down(None)
    assert desk.repairs() == []
    assert desk.undone == [], "the next check comes by itself"


def test_an_answer_that_breaks_off_changes_nothing_it_did_not_tell(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    grants = desk.people(3)
    desk.elsewhere.things.clear()
    whole = desk.memory.survey

    def broken(*asked: object) -> Iterator[object]:
        yield next(iter(whole(*asked)))  # type: ignore[arg-type]
        raise TryLater("cut off")

    monkeypatch.setattr(desk.memory, "survey", broken)
    assert desk.check()["put"] == 0
    assert desk.repairs() == []
    monkeypatch.undo()
    assert desk.check()["put"] == len(grants)


def test_too_many_losses_wait_for_an_operator(desk: Desk) -> None:
    grants = desk.people(30)
    lost = [desk.elsewhere.things.pop(key(one)) for one in grants[:21]]
    for _ in range(3):
        assert desk.check()["put"] == 0
    assert desk.troubles() == ["losses"]
    assert len(desk.events(provisioning.PlaceTroubled)) == 1, "told once"
    assert desk.repairs() == []

    looked = provisioning.look_at_place(desk.db, desk.memory, "m1", desk.now, even_all=True)
    assert (looked.seen, looked.repaired, looked.held_back) == (21, 21, 0)
    desk.work()
    assert len(desk.elsewhere.things) == 30
    assert desk.troubles() == []
    assert [one.trouble for one in desk.events(provisioning.PlaceMended)] == ["losses"]
    assert {thing.name for thing in lost} <= set(desk.elsewhere.things)
    assert desk.check()["put"] == 0


def test_as_many_as_happen_by_hand_are_made_again(desk: Desk) -> None:
    for one in desk.people(30)[:20]:
        del desk.elsewhere.things[key(one)]
    assert desk.check()["put"] == 20
    assert desk.troubles() == []


def test_losses_that_come_back_by_themselves_are_over(desk: Desk) -> None:
    desk.people(25)
    kept = desk.elsewhere.things.copy()
    desk.elsewhere.things.clear()
    desk.check()
    assert desk.troubles() == ["losses"]
    desk.elsewhere.things |= kept
    assert desk.check()["put"] == 0
    assert desk.troubles() == []


def test_what_waits_for_an_operator_waits_even_when_little_is_left_of_it(desk: Desk) -> None:
    grants = desk.people(25)
    kept = desk.elsewhere.things.copy()
    desk.elsewhere.things.clear()
    desk.check()
    del kept[key(grants[0])]
    desk.elsewhere.things |= kept
    assert desk.check()["put"] == 0
    assert desk.troubles() == ["losses"]
    desk.elsewhere.things[key(grants[1])].off = True
    assert desk.check()["put"] == 1, "everything else goes on"
    assert key(grants[0]) not in desk.elsewhere.things


def test_losses_bit_by_bit_are_losses_too(desk: Desk) -> None:
    grants = desk.people(60)
    for part in (grants[:15], grants[15:30]):
        for one in part:
            del desk.elsewhere.things[key(one)]
        desk.check()
    assert len(desk.repairs()) == 15, "the second time within an hour there were too many"
    assert desk.troubles() == ["losses"]


def test_who_changes_it_back_and_forth_is_left_alone_for_a_while(desk: Desk) -> None:
    (mine,) = desk.people(1)
    for _ in range(5):
        desk.elsewhere.things[key(mine)].off = True
        desk.check()
    assert len(desk.repairs()) == 3
    assert desk.row(mine).problem == "differs_again"
    desk.check(after=7 * HOUR)
    assert desk.elsewhere.state(desk.elsewhere.things[key(mine)]) == "active"


def test_pages_come_in_turn(desk: Desk) -> None:
    desk.memory.survey_size = 4
    desk.people(10)
    for _ in range(2):
        desk.check()
    unseen = [one for one in desk.ids() if desk.row(one).checked_at < desk.now - 15 * MINUTE]
    assert len(unseen) == 2, "eight of ten were looked at"
    desk.check()
    assert not [one for one in desk.ids() if desk.row(one).checked_at < desk.now - 25 * MINUTE]


def test_what_is_being_applied_or_fails_is_left_alone(desk: Desk) -> None:
    claimed, failing, unapplied = desk.people(3)
    desk.sql("UPDATE access_grants SET claimed_until = now() + interval '50 years' WHERE id = :id", id=claimed)
    desk.sql("UPDATE access_grants SET failing_since = now() WHERE id = :id", id=failing)
    desk.sql("UPDATE access_grants SET revision = revision + 1 WHERE id = :id", id=unapplied)
    desk.elsewhere.things.clear()
    assert desk.check() == {"check": 1}
    assert desk.repairs() == []


def test_what_changed_while_it_was_looked_at_is_not_repaired(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (mine,) = desk.people(1)
    whole = desk.memory.survey

    def slow(*asked: object) -> Iterator[object]:
        answers = list(whole(*asked))  # type: ignore[arg-type]
        desk.sql("UPDATE access_grants SET revision = 2, applied_revision = 2 WHERE id = :id", id=mine)
        yield from answers

    monkeypatch.setattr(desk.memory, "survey", slow)
    desk.elsewhere.things[key(mine)].off = True
    desk.check()
    assert desk.repairs() == []


def test_kinds_without_places_are_looked_at_once_a_day(desk: Desk) -> None:
    grants = desk.people(3)
    desk.memory._places = ()
    del desk.elsewhere.things[key(grants[0])]
    assert desk.check() == {}
    assert desk.check(after=DAY) == {"list": 1, "put": 1}
    assert desk.check() == {}
