"""What every fleet must do, whichever way its servers are told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.platform.db import Database
from services.provisioning.provisioners.base import Grant, OutOfStock, TryLater
from tests.services.provisioning.wireguard.fleets import CODES, Fleet, fleet_of, key_in, server
from tests.world import World

FAULTS = ["down", "500", "html", "500_after", "dropped_after"]


@pytest.fixture(params=["agent", "portal"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fleet(way: str, world: World, db: Database) -> Iterator[Fleet]:
    with fleet_of(way, world, db, [server(world, code) for code in CODES[way]]) as fleet:
        yield fleet


@pytest.fixture
def tiny(way: str, world: World, db: Database) -> Iterator[Fleet]:
    """Each server takes one."""
    with fleet_of(way, world, db, [server(world, code, capacity=1) for code in CODES[way]]) as fleet:
        yield fleet


def test_applying_twice_is_once(fleet: Fleet) -> None:
    grant = fleet.grant()
    first, second = fleet.apply(grant), fleet.apply(grant)

    assert first == second
    assert (first.state, first.place, first.location) == ("active", fleet.one, fleet.one.upper())
    assert list(fleet.live(fleet.one)) == [first.key]
    assert len(fleet.rows()) == 1


@pytest.mark.parametrize("mode", FAULTS)
def test_a_fault_is_tried_later_and_gives_one_peer(fleet: Fleet, mode: str) -> None:
    grant = fleet.grant()
    fleet.apply(fleet.grant())
    fleet.fault(mode, times=1)
    with pytest.raises(TryLater):
        fleet.apply(grant)
    (taken,) = fleet.rows("public_key", f"grant_id = {grant.id}")

    held = fleet.apply(grant)
    assert held.key == taken.public_key
    assert held.key in fleet.live(fleet.one)
    assert len(fleet.live(fleet.one)) == 2


def test_new_keys_come_once_for_each_generation(fleet: Fleet) -> None:
    grant = fleet.grant()
    old = fleet.apply(grant)
    addresses = fleet.live(fleet.one)[old.key]
    rotated = replace(grant, generation=1)

    new = fleet.apply(rotated)
    assert new.key != old.key
    assert key_in(new) != key_in(old)
    assert fleet.live(fleet.one) == {new.key: addresses}
    assert fleet.apply(rotated) == new
    assert fleet.apply(grant) == new, "an older wish brings nothing back"


@pytest.mark.parametrize("mode", FAULTS)
def test_a_rotation_cut_in_the_middle_is_one_rotation(fleet: Fleet, mode: str) -> None:
    grant = fleet.grant()
    old = fleet.apply(grant)
    fleet.fault(mode, times=1)
    with pytest.raises(TryLater):
        fleet.apply(replace(grant, generation=1))
    (made,) = fleet.rows("public_key")

    assert fleet.apply(replace(grant, generation=1)).key == made.public_key != old.key
    assert list(fleet.live(fleet.one)) == [made.public_key]


def test_suspended_for_weeks_it_keeps_address_and_keys(tiny: Fleet) -> None:
    grant = tiny.grant()
    before = tiny.apply(grant)
    assert tiny.apply(replace(grant, state="suspended")).state == "suspended"
    assert tiny.live(tiny.one) == {}

    tiny.now += timedelta(days=100)
    with pytest.raises(OutOfStock):
        tiny.apply(tiny.grant())
    after = tiny.apply(grant)
    assert (after.key, after.artifacts) == (before.key, before.artifacts)
    assert list(tiny.live(tiny.one)) == [before.key]


@pytest.mark.parametrize("first", ["active", "suspended"])
def test_ended_it_rests_three_days_and_then_is_somebody_elses(tiny: Fleet, first: Any) -> None:
    grant = tiny.grant()
    tiny.apply(grant)
    old = tiny.apply(replace(grant, state=first))
    tiny.apply(replace(grant, state="ended"))
    assert tiny.live(tiny.one) == {}

    tiny.now += timedelta(days=2)
    tiny.apply(replace(grant, state="ended"))
    with pytest.raises(OutOfStock):
        tiny.apply(tiny.grant())
    tiny.now += timedelta(days=1, seconds=1)
    new = tiny.apply(tiny.grant())
    assert new.key != old.key
    assert list(tiny.live(tiny.one)) == [new.key]


def test_who_renews_late_has_the_same_file(fleet: Fleet) -> None:
    grant = fleet.grant()
    before = fleet.apply(grant)
    fleet.apply(replace(grant, state="ended"))
    fleet.now += timedelta(days=2)

    assert fleet.apply(grant) == before


def test_ending_what_never_was_is_done(fleet: Fleet) -> None:
    grant = fleet.grant(state="ended")

    assert fleet.apply(grant).state == "absent"
    fleet.port.remove(fleet.db, grant, {}, fleet.now)
    assert fleet.rows() == []


def moved(fleet: Fleet, grant: Grant) -> Grant:
    return replace(grant, locations=(), location=fleet.two)


def test_moving_is_a_new_file_there_and_then_an_end_here(fleet: Fleet) -> None:
    grant = fleet.grant()
    old = fleet.apply(grant)
    new = fleet.apply(moved(fleet, grant))

    assert (new.state, new.place, new.problem) == ("active", fleet.two, None)
    assert f"Endpoint = {fleet.two}.example.net" in new.artifacts[0].content
    assert key_in(new) != key_in(old)
    assert list(fleet.live(fleet.two)) == [new.key]
    assert fleet.live(fleet.one) == {}
    assert fleet.apply(moved(fleet, grant)) == new


@pytest.mark.parametrize("mode", ["down", "500", "html"])
def test_the_old_place_works_until_the_new_one_has_confirmed(fleet: Fleet, mode: str) -> None:
    grant = fleet.grant()
    old = fleet.apply(grant)
    fleet.fault(mode)
    for _ in range(3):
        with pytest.raises(TryLater):
            fleet.apply(moved(fleet, grant))
    assert list(fleet.live(fleet.one)) == [old.key]

    fleet.mend()
    new = fleet.apply(moved(fleet, grant))
    assert list(fleet.live(fleet.two)) == [new.key]
    assert fleet.live(fleet.one) == {}
    assert len(fleet.rows()) == 2


def test_a_crash_between_both_places_is_mended(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = fleet.grant()
    fleet.apply(grant)
    with monkeypatch.context() as crash:
        crash.setattr(fleet.port._pool, "leave", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fleet.apply(moved(fleet, grant))
    assert len(fleet.live(fleet.one)) == len(fleet.live(fleet.two)) == 1

    new = fleet.apply(moved(fleet, grant))
    assert fleet.live(fleet.one) == {}
    assert list(fleet.live(fleet.two)) == [new.key]


def test_back_before_it_is_there_nothing_has_changed(fleet: Fleet) -> None:
    grant = fleet.grant()
    old = fleet.apply(grant)
    with fleet.db.begin() as tx:
        fleet.port.reserve(tx, moved(fleet, grant), fleet.now)

    back = fleet.apply(grant)
    assert (back.key, back.artifacts) == (old.key, old.artifacts)
    assert list(fleet.live(fleet.one)) == [old.key]
    assert fleet.live(fleet.two) == {}


def test_to_and_fro_takes_one_address_of_each_server(tiny: Fleet) -> None:
    grant, seen = tiny.grant(), set()
    for _ in range(3):
        seen.add(tiny.apply(grant).key)
        seen.add(tiny.apply(moved(tiny, grant)).key)

    assert len(seen) == 6
    assert len(tiny.rows()) == 2
    assert (len(tiny.live(tiny.one)), len(tiny.live(tiny.two))) == (0, 1)


def test_a_suspended_one_moves_when_it_goes_on(fleet: Fleet) -> None:
    grant = fleet.grant()
    fleet.apply(grant)
    suspended = fleet.apply(replace(moved(fleet, grant), state="suspended"))
    assert (suspended.state, suspended.place) == ("suspended", fleet.one)

    assert fleet.apply(moved(fleet, grant)).place == fleet.two
    assert fleet.live(fleet.one) == {}


@pytest.mark.parametrize("state", ["suspended", "ended"])
def test_what_stops_while_it_moves_stops_everywhere(fleet: Fleet, state: Any) -> None:
    grant = fleet.grant()
    fleet.apply(grant)
    fleet.fault("down")
    with pytest.raises(TryLater):
        fleet.apply(moved(fleet, grant))
    fleet.mend()

    fleet.apply(replace(moved(fleet, grant), state=state))
    assert fleet.live(fleet.one) == fleet.live(fleet.two) == {}


def test_a_full_place_is_said_before_anything_is_lost(tiny: Fleet) -> None:
    anna, boris = tiny.grant(), tiny.grant()
    held = tiny.apply(anna)
    tiny.apply(replace(boris, locations=(tiny.two,)))

    with pytest.raises(OutOfStock):
        tiny.apply(moved(tiny, anna))
    assert list(tiny.live(tiny.one)) == [held.key]
    assert tiny.apply(anna) == held


def test_many_at_once_while_others_move_share_nothing(fleet: Fleet) -> None:
    movers = [fleet.grant() for _ in range(4)]
    for grant in movers:
        fleet.apply(grant)
    comers = [fleet.grant(locations=()) for _ in range(8)]

    def until_done(grant: Grant) -> str:
        for _ in range(50):
            try:
                return fleet.apply(grant).key
            except TryLater:
                continue
        raise AssertionError("it never came to an end")

    wanted = [*comers, *(moved(fleet, grant) for grant in movers)]
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(until_done, wanted))
    for code in CODES[fleet.way]:
        fleet.port.repair(fleet.db, code, fleet.now)

    one, two = fleet.live(fleet.one), fleet.live(fleet.two)
    assert sorted([*one, *two]) == sorted(keys)
    assert set(keys[8:]) <= set(two)
    addresses = [address for peer in (*one.values(), *two.values()) for address in peer]
    assert len(addresses) == len(set(addresses)) == 24
    for row in fleet.rows("server, public_key, active", "current"):
        assert row.active
        assert row.public_key in fleet.live(row.server)


def test_a_database_from_a_backup_has_the_last_word(fleet: Fleet) -> None:
    """It knows less than the server, and takes up its work again: who is not in it loses access."""
    anna, boris = fleet.grant(), fleet.grant()
    held = fleet.apply(anna)
    with fleet.db.begin() as tx:
        backup = tx.execute(text("SELECT revision, applied FROM wireguard_servers")).one()
    fleet.apply(boris)
    for _ in range(3):
        fleet.apply(replace(boris, state="suspended"))
        fleet.apply(boris)
    with fleet.db.begin() as tx:
        tx.execute(text("DELETE FROM wireguard_peers WHERE grant_id = :id"), {"id": boris.id})
        tx.execute(
            text("UPDATE wireguard_servers SET revision = :revision, applied = :applied"),
            {"revision": backup.revision, "applied": backup.applied},
        )

    fleet.port.repair(fleet.db, fleet.one, fleet.now)
    assert list(fleet.live(fleet.one)) == [held.key]
    again = fleet.apply(boris)
    assert sorted(fleet.live(fleet.one)) == sorted([held.key, again.key])


def test_a_reinstalled_server_gets_everybody_back(fleet: Fleet) -> None:
    held = [fleet.apply(fleet.grant()) for _ in range(3)]
    fleet.wipe(fleet.one)
    assert fleet.live(fleet.one) == {}

    fleet.port.repair(fleet.db, fleet.one, fleet.now)
    assert sorted(fleet.live(fleet.one)) == sorted(one.key for one in held)


def test_repairing_what_is_right_sends_nothing(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.apply(fleet.grant())
    monkeypatch.setattr(fleet.port._servers, "push", lambda *_: 1 / 0)

    fleet.port.repair(fleet.db, fleet.one, fleet.now)
    fleet.port.repair(fleet.db, fleet.two, fleet.now)
