"""The owner of access chooses where it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import provisioning
from services.provisioning import AccessNotFound, Location, LocationNotFound, OutOfStock, Unsupported
from tests.services.provisioning.test_grant import access, held
from tests.world import Kiosk, MakeKiosk, Person


def offered(kiosk: Kiosk, person: Person, grant_id: int) -> list[Location]:
    with kiosk.kit.db.begin() as tx:
        found = provisioning.locations_for(tx, kiosk.kit.provisioners, person.party, grant_id, kiosk.now)
    return list(found)


def choose(kiosk: Kiosk, person: Person, grant_id: int, code: str) -> None:
    with kiosk.kit.db.begin() as tx:
        provisioning.choose_location(tx, kiosk.kit.provisioners, person.party, grant_id, code, kiosk.now)


def bought(kiosk: Kiosk) -> tuple[Person, provisioning.Access, Location, Location]:
    """A buyer with access, where it is and where else it might be."""
    anna = kiosk.person()
    kiosk.buy(anna)
    mine = access(kiosk, anna)
    here, there = sorted(offered(kiosk, anna, mine.grant_id), key=lambda one: not one.here)
    return anna, mine, here, there


def test_a_chosen_place_brings_a_new_file_and_ends_the_old(kiosk: Kiosk) -> None:
    anna, before, here, there = bought(kiosk)
    assert (here.here, there.here, here.room, there.room) == (True, False, "plenty", "plenty")
    assert before.location == here.name
    (old,) = held(kiosk)

    choose(kiosk, anna, before.grant_id, there.code)
    kiosk.drain()
    after = access(kiosk, anna)
    assert (after.state, after.location) == ("ready", there.name)
    assert after.artifacts != before.artifacts
    (new,) = held(kiosk)
    assert new["public_key"] != old["public_key"]
    assert kiosk.count("messages", "kind = 'access_file' AND state = 'sent'") == 2
    assert [one.name for one in offered(kiosk, anna, before.grant_id) if one.here] == [there.name]


def test_choosing_twice_is_once(kiosk: Kiosk) -> None:
    anna, mine, _, there = bought(kiosk)
    for _ in range(2):
        choose(kiosk, anna, mine.grant_id, there.code)
        kiosk.drain()

    assert kiosk.count("outbox_events", "name = 'provisioning.grant_changed' AND body->>'cause' = 'location'") == 1


def test_to_stay_is_a_choice_too_and_costs_nothing(kiosk: Kiosk) -> None:
    anna, mine, here, _ = bought(kiosk)
    choose(kiosk, anna, mine.grant_id, here.code)
    kiosk.drain()

    assert access(kiosk, anna) == mine
    assert kiosk.scalar("SELECT location FROM access_grants") == here.wanted
    kiosk.buy(anna)
    assert access(kiosk, anna) == mine


def test_a_server_down_while_moving_keeps_the_old_one_working(kiosk: Kiosk) -> None:
    anna, mine, _, there = bought(kiosk)
    before = held(kiosk)
    kiosk.post("/vpn/faults", mode="down")
    choose(kiosk, anna, mine.grant_id, there.code)
    kiosk.drain()
    assert held(kiosk) == before
    assert access(kiosk, anna) == mine, "the old file is the right one until there is a new one"

    kiosk.http.delete("/vpn/faults")
    kiosk.hurry()
    assert access(kiosk, anna).location == there.name
    assert len(held(kiosk)) == 1


@pytest.mark.parametrize("code", ["fr1", "", "Frankfurt"])
def test_a_place_that_nobody_offers(kiosk: Kiosk, code: str) -> None:
    anna, mine, _, _ = bought(kiosk)
    with pytest.raises(LocationNotFound):
        choose(kiosk, anna, mine.grant_id, code)


def test_a_place_that_the_tariff_does_not_leave(kiosk: Kiosk) -> None:
    kiosk.scalar("""UPDATE tariffs SET locations = '{"codes": ["nl1"]}' RETURNING 1""")
    anna = kiosk.person()
    kiosk.buy(anna)
    mine = access(kiosk, anna)

    assert [(one.code, one.here) for one in offered(kiosk, anna, mine.grant_id)] == [("nl1", True)]
    with pytest.raises(LocationNotFound):
        choose(kiosk, anna, mine.grant_id, "de1")


def test_other_peoples_access_is_not_moved(kiosk: Kiosk) -> None:
    _, mine, _, there = bought(kiosk)
    stranger = kiosk.person("Чужой")
    with pytest.raises(AccessNotFound):
        choose(kiosk, stranger, mine.grant_id, there.code)
    with pytest.raises(AccessNotFound):
        offered(kiosk, stranger, mine.grant_id)


def test_a_full_place_takes_nothing_away(make_kiosk: MakeKiosk) -> None:
    with make_kiosk(VPN_DE1_CAPACITY="1", VPN_NL1_CAPACITY="1") as kiosk:
        kiosk.buy(kiosk.person("Борис"))
        anna, mine, here, there = bought(kiosk)
        assert (here.room, there.room) == ("none", "none")
        with pytest.raises(OutOfStock):
            choose(kiosk, anna, mine.grant_id, there.code)
        kiosk.drain()
        assert access(kiosk, anna) == mine
        assert len(held(kiosk)) == 2


def test_what_is_not_ready_is_not_moved(kiosk: Kiosk) -> None:
    anna, mine, _, there = bought(kiosk)
    kiosk.pass_time(timedelta(days=40), step=timedelta(days=5))
    choose(kiosk, anna, mine.grant_id, there.code)

    assert held(kiosk) == []
    assert kiosk.count("access_grants", "location IS NOT NULL") == 0


def test_where_there_is_one_place_only(kiosk: Kiosk) -> None:
    anna, mine, _, there = bought(kiosk)
    kiosk.scalar("UPDATE access_grants SET kind = 'elsewhere' RETURNING 1")

    assert offered(kiosk, anna, mine.grant_id) == []
    with pytest.raises(Unsupported):
        choose(kiosk, anna, mine.grant_id, there.code)
