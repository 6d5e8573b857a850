"""Two workers at one server, in the order that hurts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from services.platform.db import Database
from services.provisioning.provisioners.base import TryLater
from services.provisioning.wireguard import ways
from tests.services.provisioning.wireguard.fleets import CODES, Fleet, fleet_of, server
from tests.world import World


@pytest.fixture(params=["agent", "portal"])
def fleet(request: pytest.FixtureRequest, world: World, db: Database) -> Iterator[Fleet]:
    with fleet_of(request.param, world, db, [server(world, code) for code in CODES[request.param]]) as fleet:
        yield fleet


@pytest.fixture
def portal(world: World, db: Database) -> Iterator[Fleet]:
    with fleet_of("portal", world, db, [server(world, code) for code in CODES["portal"]]) as fleet:
        yield fleet


def once_before(function: Callable[..., Any], act: Callable[[], object]) -> Callable[..., Any]:
    """`function`, with `act` before its first call."""
    acts = iter([act])

    def interrupted(*arguments: Any) -> Any:
        for interrupt in acts:
            interrupt()
        return function(*arguments)

    return interrupted


def test_who_moves_on_while_moving_is_never_without(
    world: World, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third place is chosen before the second one has confirmed: nothing ends until the third one has."""
    with fleet_of("agent", world, db, [server(world, code) for code in ("de1", "nl1", "pa1")]) as fleet:
        grant = fleet.grant(locations=())
        first = fleet.apply(replace(grant, location="de1"))

        def onwards() -> None:
            with db.begin() as tx:
                fleet.port.reserve(tx, replace(grant, location="pa1"), fleet.now)

        way = fleet.port._servers.way("nl1")
        monkeypatch.setattr(way, "push", once_before(way.push, onwards))
        second = fleet.apply(replace(grant, location="nl1"))
        assert (list(fleet.live("de1")), list(fleet.live("nl1"))) == ([first.key], [second.key])

        third = fleet.apply(replace(grant, location="pa1"))
        assert list(fleet.live("pa1")) == [third.key]
        assert fleet.live("de1") == fleet.live("nl1") == {}


def test_who_changes_their_mind_while_moving_keeps_where_they_are(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back at the old place before the new one has confirmed: the confirmation must not end the old one."""
    grant = fleet.grant(locations=())
    here, there = replace(grant, location=fleet.one), replace(grant, location=fleet.two)
    old = fleet.apply(here)

    def back() -> None:
        with fleet.db.begin() as tx:
            fleet.port.reserve(tx, here, fleet.now)

    way = fleet.port._servers.way(fleet.two)
    monkeypatch.setattr(way, "push", once_before(way.push, back))
    fleet.apply(there)
    assert list(fleet.live(fleet.one)) == [old.key]

    assert fleet.apply(here).key == old.key
    assert list(fleet.live(fleet.one)) == [old.key]
    assert fleet.live(fleet.two) == {}


def test_a_newer_peer_is_never_taken_for_leavings(portal: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """It came to the portal while an older list was on its way."""
    anna, boris = portal.grant(), portal.grant()
    portal.apply(portal.grant())  # what other tests left there goes away
    pool = portal.port._pool
    wanted, others = pool.wanted, iter([boris])

    def overtaken(tx: Any, code: str) -> Any:
        found = wanted(tx, code)
        for other in others:
            portal.apply(other)
        return found

    monkeypatch.setattr(pool, "wanted", overtaken)
    way: Any = portal.port._servers.way(portal.one)
    asked: list[str] = []
    way._client._http.event_hooks["request"].append(lambda request: asked.append(request.method))

    portal.apply(anna)
    assert "DELETE" not in asked
    assert len(portal.live(portal.one)) == 3


def test_an_older_list_does_not_undo_a_suspension(portal: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker has read the list, another one suspends somebody on it and tells the portal first."""
    anna, boris = portal.grant(), portal.grant()
    portal.apply(portal.grant())
    with portal.db.begin() as tx:
        portal.port.reserve(tx, anna, portal.now)
    suspend = once_before(ways.converge, lambda: portal.apply(replace(anna, state="suspended")))
    monkeypatch.setattr(ways, "converge", suspend)

    held = portal.apply(boris)
    assert held.key in portal.live(portal.one)
    (row,) = portal.rows("public_key", f"grant_id = {anna.id}")
    assert row.public_key not in portal.live(portal.one)


def test_a_list_that_never_stands_still_is_tried_later(portal: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = portal.grant()
    pool = portal.port._pool
    wanted = pool.wanted

    def restless(tx: Any, code: str) -> Any:
        found = wanted(tx, code)
        pool.next_revision(tx, code)
        return found

    monkeypatch.setattr(pool, "wanted", restless)
    with pytest.raises(TryLater, match="changes faster than it is sent"):
        portal.apply(grant)
    monkeypatch.undo()
    assert list(portal.live(portal.one)) == [portal.apply(grant).key]
