"""What a fleet sees of its servers, what it offers, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.catalog import Good
from services.platform.clock import wall_clock
from services.platform.db import Database
from services.provisioning.provisioners.base import Location, Misconfigured, OutOfStock, TryLater
from services.provisioning.provisioners.wireguard_usage import Look, count
from services.provisioning.wireguard.agent import PeerStats
from tests.services.provisioning.wireguard.fleets import CODES, GOOD, Fleet, fleet_of, server
from tests.world import World


@pytest.fixture(params=["agent", "portal"])
def fleet(request: pytest.FixtureRequest, world: World, db: Database) -> Iterator[Fleet]:
    with fleet_of(request.param, world, db, [server(world, code) for code in CODES[request.param]]) as fleet:
        yield fleet


@pytest.fixture
def agents(world: World, db: Database) -> Iterator[Fleet]:
    """Two servers at one location, three and two addresses."""
    servers = [server(world, "de1", location="Berlin", capacity=3), server(world, "nl1", location="Berlin", capacity=2)]
    with fleet_of("agent", world, db, servers) as fleet:
        yield fleet


# --- survey and usage -------------------------------------------------------------------------------------------------


def test_a_survey_asks_two_questions_however_many_there_are(fleet: Fleet) -> None:
    grants = [fleet.grant() for _ in range(12)]
    keys = {grant.id: fleet.apply(grant).key for grant in grants}
    fleet.apply(replace(grants[0], state="suspended"))
    asked: list[httpx.Request] = []
    fleet.port._servers.way(fleet.one)._client._http.event_hooks["request"].append(asked.append)  # type: ignore[attr-defined]

    seen = fleet.survey(fleet.one, *grants)

    assert len(asked) == 2
    assert {grant_id: held.key for grant_id, held in seen.items()} == keys
    assert [held.state for held in seen.values()].count("active") == 11
    assert seen[grants[0].id].state == "suspended"


def test_usage_is_what_went_both_ways_since_it_was_paid(fleet: Fleet) -> None:
    grant = fleet.grant()
    key = fleet.apply(grant).key

    def used(rx: int, tx: int) -> int | None:
        fleet.carry(fleet.one, key, rx, tx)
        return fleet.survey(fleet.one, grant)[grant.id].used_bytes

    assert used(100, 200) == 300
    assert used(100, 200) == 300
    assert used(150, 2**50) == 150 + 2**50
    assert used(10, 0) == 160 + 2**50, "the server was restarted"
    assert fleet.fetch(grant).used_bytes == 160 + 2**50

    paid = replace(grant, usage_epoch=1)
    assert fleet.apply(paid).used_bytes == 0
    assert fleet.apply(paid).used_bytes == 0
    assert used(15, 0) == 5
    assert fleet.apply(paid).used_bytes == 5


def test_usage_goes_on_where_a_payment_does_not_reset_it(fleet: Fleet) -> None:
    grant = fleet.grant(traffic_reset="none")
    fleet.carry(fleet.one, fleet.apply(grant).key, 5, 5)
    fleet.survey(fleet.one, grant)

    assert fleet.apply(replace(grant, usage_epoch=3)).used_bytes == 10


@pytest.mark.parametrize("change", [{"generation": 1}, {"location": "two"}, {"state": "suspended"}])
def test_usage_survives_new_keys_another_place_and_a_pause(fleet: Fleet, change: dict[str, Any]) -> None:
    grant = fleet.grant(locations=())
    grant = replace(grant, location=fleet.one)
    fleet.carry(fleet.one, fleet.apply(grant).key, 40, 60)
    fleet.survey(fleet.one, grant)

    changed = replace(grant, **change | ({"location": fleet.two} if "location" in change else {}))
    fleet.apply(changed)
    held = fleet.apply(replace(changed, state="active"))
    fleet.carry(held.place, held.key, 1, 1)
    assert fleet.survey(held.place, changed)[grant.id].used_bytes == 102


def test_an_answer_that_comes_late_is_not_counted_again(fleet: Fleet) -> None:
    """Two surveys at once: the earlier answer would look as if the server had been restarted."""
    grant = fleet.grant()
    key = fleet.apply(grant).key
    asked = wall_clock()
    fleet.carry(fleet.one, key, 100, 100)
    fleet.survey(fleet.one, grant)
    late = Look(frozenset([key]), {key: PeerStats(None, 90, 90)}, asked, wall_clock())

    with fleet.db.begin() as tx:
        peer = fleet.port._pool.peer(tx, grant.id)
        assert peer
        count([peer], late)
    assert fleet.rows("used_bytes") == [(200,)]


def test_what_a_server_lost_is_absent_and_comes_back_when_applied(fleet: Fleet) -> None:
    grant = fleet.grant()
    before = fleet.apply(grant)
    fleet.wipe(fleet.one)

    assert fleet.survey(fleet.one, grant)[grant.id].state == "absent"
    assert fleet.fetch(grant).state == "absent"
    assert fleet.apply(grant) == before
    assert list(fleet.live(fleet.one)) == [before.key]


def test_who_was_never_there_is_absent(fleet: Fleet) -> None:
    nobody = fleet.grant()

    assert fleet.survey(fleet.one, nobody)[nobody.id].state == "absent"
    assert fleet.fetch(nobody).state == "absent"


def test_who_has_moved_is_found_and_who_is_on_the_way_is_passed_over(fleet: Fleet) -> None:
    here, there = fleet.grant(), fleet.grant(locations=(fleet.two,))
    coming = fleet.grant()
    for grant in (there, here):
        fleet.apply(grant)
    with fleet.db.begin() as tx:
        fleet.port.reserve(tx, coming, fleet.now)

    seen = fleet.survey(fleet.one, here, there, coming)
    assert [(key, held.place, held.state) for key, held in seen.items()] == [
        (here.id, fleet.one, "active"),
        (there.id, fleet.two, "active"),
    ]


@pytest.mark.parametrize("mode", ["down", "500", "html"])
def test_a_missing_answer_says_nothing_of_anybody(fleet: Fleet, mode: str) -> None:
    grant = fleet.grant()
    fleet.apply(grant)
    fleet.fault(mode)

    with pytest.raises(TryLater):
        fleet.survey(fleet.one, grant)
    with pytest.raises(TryLater):
        fleet.fetch(grant)
    with pytest.raises(TryLater):
        fleet.port.check(fleet.one)


# --- stock and locations ----------------------------------------------------------------------------------------------


def stock(fleet: Fleet, *locations: str, good: Good = GOOD) -> int:
    with fleet.db.begin() as tx:
        return fleet.port.stock(tx, good, locations, fleet.now)


def offered(fleet: Fleet, grant: Any) -> list[Location]:
    with fleet.db.begin() as tx:
        return list(fleet.port.locations(tx, grant, fleet.now))


def test_stock_counts_everything_that_cannot_be_given(agents: Fleet) -> None:
    assert (stock(agents), stock(agents, "de1"), stock(agents, "nl1"), stock(agents, "Berlin")) == (5, 3, 2, 5)
    assert stock(agents, "Paris") == 0
    assert stock(agents, good=replace(GOOD, options={"servers": ["nl1"]})) == 2

    anna, boris = agents.grant(), agents.grant()
    agents.apply(anna)
    agents.apply(boris)
    assert stock(agents, "de1") == 1
    agents.apply(replace(anna, state="suspended"))
    agents.apply(replace(boris, state="ended"))
    assert stock(agents, "de1") == 1
    agents.now += timedelta(days=4)
    assert stock(agents, "de1") == 2


def test_a_location_of_two_servers_is_filled_evenly_and_then_is_full(agents: Fleet) -> None:
    grants = [agents.grant(locations=("Berlin",)) for _ in range(6)]
    for grant in grants[:5]:
        agents.apply(grant)
    assert [len(agents.live(code)) for code in ("de1", "nl1")] == [3, 2]
    assert stock(agents, "Berlin") == 0
    with pytest.raises(OutOfStock):
        agents.apply(grants[5])


def test_owners_are_told_words(world: World, db: Database) -> None:
    servers = [
        server(world, "de1", location="Berlin", capacity=5),
        server(world, "nl1", location="Amsterdam", capacity=1),
        server(world, "pa1", location="Oslo", capacity=1),
        server(world, "pb1", location="Oslo", capacity=9),
    ]
    with fleet_of("agent", world, db, servers) as fleet:
        for _ in range(3):
            fleet.apply(fleet.grant())
        mine = fleet.grant()
        fleet.apply(mine)
        fleet.apply(fleet.grant(locations=("nl1",)))
        anywhere = replace(mine, locations=())

        assert offered(fleet, anywhere) == [
            Location("de1", "Berlin", "de1", "little", here=True),
            Location("nl1", "Amsterdam", "nl1", "none"),
            Location("pa1", "Oslo", "Oslo", "plenty"),
        ]
        assert [one.code for one in offered(fleet, replace(mine, locations=("nl1", "Oslo")))] == ["nl1", "pa1"]
        assert offered(fleet, replace(anywhere, good=replace(GOOD, options={"servers": ["pb1"]}))) == [
            Location("pb1", "Oslo", "pb1", "plenty")
        ]
        assert fleet.apply(replace(anywhere, location="Oslo")).place in ("pa1", "pb1")


def test_access_stays_where_it_may_stay(fleet: Fleet) -> None:
    grant = fleet.grant()
    held = fleet.apply(grant)

    for change in ({"locations": ()}, {"locations": (), "location": "nowhere"}, {"location": fleet.two}):
        assert fleet.apply(replace(grant, **change)) == held
    assert fleet.apply(replace(grant, locations=("nowhere",))) == held, "a tariff of places which are no more"


def test_another_good_of_the_kind_takes_it_along(fleet: Fleet) -> None:
    grant = fleet.grant(locations=())
    fleet.apply(grant)
    other = Good("abroad", "wireguard", {}, {"servers": [fleet.two.upper()]})  # by location

    assert fleet.apply(replace(grant, good=other)).place == fleet.two


def test_without_a_server_nothing_is_to_be_had(world: World, db: Database) -> None:
    with fleet_of("agent", world, db, []) as fleet:
        assert stock(fleet) == 0
        with pytest.raises(OutOfStock):
            fleet.apply(fleet.grant(locations=()))


# --- what operators must mend -----------------------------------------------------------------------------------------


def test_a_server_which_left_the_settings_keeps_its_people_until_they_choose(fleet: Fleet, world: World) -> None:
    grant = fleet.grant(locations=())
    grant = replace(grant, location=fleet.one)
    fleet.apply(grant)
    anywhere = replace(grant, location=None)

    with fleet_of(fleet.way, world, fleet.db, [server(world, fleet.two)]) as later:
        with pytest.raises(Misconfigured, match=f"on {fleet.one}, but VPN_SERVERS"):
            later.apply(anywhere)
        with pytest.raises(Misconfigured):
            later.fetch(anywhere)
        held = later.apply(replace(grant, location=fleet.two))
        assert (held.place, held.problem) == (fleet.two, "old_place")
        assert list(fleet.live(fleet.two)) == [held.key]


def test_a_place_that_was_left_and_does_not_answer_holds_nobody_up(fleet: Fleet, world: World) -> None:
    grant = fleet.grant(locations=())
    old = fleet.apply(replace(grant, location=fleet.one))
    nowhere = {"agent_url": "http://127.0.0.1:9"} if fleet.way == "agent" else {"portal_url": "http://127.0.0.1:9"}
    broken = [server(world, fleet.one, **nowhere), server(world, fleet.two)]

    with fleet_of(fleet.way, world, fleet.db, broken) as later:
        held = later.apply(replace(grant, location=fleet.two))
    assert (held.place, held.problem) == (fleet.two, "old_place")
    assert list(fleet.live(fleet.one)) == [old.key]

    fleet.port.repair(fleet.db, fleet.one, fleet.now)
    assert fleet.live(fleet.one) == {}


def test_addresses_never_overlap_on_their_way_out(fleet: Fleet) -> None:
    grant = fleet.grant()
    held = fleet.apply(grant)
    with fleet.db.begin() as tx:  # as somebody who changed VPN_..._NETWORK4 could bring it about
        tx.execute(text("UPDATE wireguard_peers SET ipv4 = replace(ipv4, '.2/32', '.1/32')"))

    with pytest.raises(Misconfigured, match="belongs to another peer or to the server"):
        fleet.apply(fleet.grant())
    assert list(fleet.live(fleet.one)) == [held.key]


def test_health_tells_how_full_a_server_is(agents: Fleet) -> None:
    anna, boris = agents.grant(), agents.grant()
    agents.apply(anna)
    agents.apply(boris)
    agents.apply(replace(boris, state="suspended"))

    health = agents.port.check("de1")
    assert (health.used, health.capacity) == (2, 3)
    assert health.says.endswith("2 of 3 addresses taken")
    assert health.says.startswith("1 peers on wg0")


def test_a_portal_with_another_key_is_not_fit_for_buyers(world: World, db: Database) -> None:
    wrong = server(world, "pa1", public_key=server(world, "pb1").public_key)
    with fleet_of("portal", world, db, [wrong]) as fleet, pytest.raises(Misconfigured, match="another public key"):
        fleet.port.check("pa1")
