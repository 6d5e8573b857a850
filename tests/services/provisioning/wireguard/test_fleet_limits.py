"""Traffic that a tariff limits: the fleet keeps the limit, for WireGuard knows none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.platform.db import Database
from services.provisioning.models import WireguardPeerRow
from services.provisioning.provisioners.base import Grant
from services.provisioning.provisioners.wireguard_usage import begin_anew
from tests.services.provisioning.wireguard.fleets import CODES, GOOD, NOW, Fleet, fleet_of, server
from tests.world import World

GIGABYTE = 10**9


@pytest.fixture(params=["agent", "portal"])
def fleet(request: pytest.FixtureRequest, world: World, db: Database) -> Iterator[Fleet]:
    with fleet_of(request.param, world, db, [server(world, code) for code in CODES[request.param]]) as fleet:
        yield fleet


def used_up(fleet: Fleet, **changes: object) -> tuple[Grant, str]:
    """A grant that was cut off, and its key."""
    grant = fleet.grant(traffic_bytes=GIGABYTE, **changes)
    key = fleet.apply(grant).key
    fleet.carry(fleet.one, key, GIGABYTE, 5)
    assert fleet.fetch(grant).state == "limited"
    assert fleet.survey(fleet.one, grant)[grant.id].state == "limited"
    assert fleet.live(fleet.one) == {}
    return grant, key


def test_who_has_used_it_up_is_cut_off_and_nobody_else(fleet: Fleet) -> None:
    others = [fleet.grant(traffic_bytes=limit) for limit in (None, GIGABYTE)]
    keys = [fleet.apply(other).key for other in others]
    fleet.carry(fleet.one, keys[0], 900 * GIGABYTE, 0)
    fleet.carry(fleet.one, keys[1], GIGABYTE - 1, 0)
    grant = fleet.grant(traffic_bytes=GIGABYTE)
    key = fleet.apply(grant).key
    fleet.carry(fleet.one, key, GIGABYTE, 0)

    seen = fleet.survey(fleet.one, *others, grant)
    assert [seen[one.id].state for one in (*others, grant)] == ["active", "active", "limited"]
    assert sorted(fleet.live(fleet.one)) == sorted(keys)


def test_a_limit_is_kept_however_often_it_is_applied(fleet: Fleet) -> None:
    grant, key = used_up(fleet)
    for _ in range(2):
        held = fleet.apply(grant)
        assert (held.state, held.key, held.used_bytes) == ("limited", key, GIGABYTE + 5)
        assert fleet.survey(fleet.one, grant)[grant.id].used_bytes == GIGABYTE + 5
    assert fleet.live(fleet.one) == {}


def test_a_payment_gives_it_back_with_the_same_file(fleet: Fleet) -> None:
    grant, key = used_up(fleet)
    paid = replace(grant, usage_epoch=1)

    held = fleet.apply(paid)
    assert (held.state, held.key, held.used_bytes) == ("active", key, 0)
    assert list(fleet.live(fleet.one)) == [key]
    fleet.carry(fleet.one, key, 10, 0)
    assert fleet.apply(paid).used_bytes == 10


def test_more_traffic_gives_it_back(fleet: Fleet) -> None:
    grant, key = used_up(fleet)

    assert fleet.apply(replace(grant, traffic_bytes=2 * GIGABYTE)).state == "active"
    assert list(fleet.live(fleet.one)) == [key]


def test_the_calendar_gives_it_back_by_itself(fleet: Fleet) -> None:
    grant, key = used_up(fleet, traffic_reset="day")
    fleet.now += timedelta(days=1)

    held = fleet.survey(fleet.one, grant)[grant.id]
    assert (held.state, held.used_bytes) == ("active", 0)
    assert list(fleet.live(fleet.one)) == [key]


def test_a_survey_of_an_older_wish_does_not_resume_what_is_suspended(fleet: Fleet) -> None:
    grant, _ = used_up(fleet)
    fleet.apply(replace(grant, state="suspended"))
    for older in (grant, replace(grant, usage_epoch=1), replace(grant, traffic_bytes=None)):
        assert fleet.survey(fleet.one, older)[grant.id].state == "suspended"
    assert fleet.live(fleet.one) == {}

    other = fleet.grant()
    fleet.apply(other)
    fleet.apply(replace(other, state="suspended"))
    fleet.survey(fleet.one, other)
    assert fleet.live(fleet.one) == {}


def test_moving_and_new_keys_are_no_way_round_a_limit(fleet: Fleet) -> None:
    grant, _ = used_up(fleet)
    anywhere = replace(grant, locations=(), location=fleet.two, generation=1)

    assert fleet.apply(anywhere).state == "limited"
    assert fleet.live(fleet.one) == fleet.live(fleet.two) == {}


def test_a_server_that_does_not_answer_stops_no_move(fleet: Fleet, world: World) -> None:
    grant = fleet.grant(traffic_bytes=GIGABYTE)
    fleet.apply(grant)
    nowhere = {"agent_url": "http://127.0.0.1:9"} if fleet.way == "agent" else {"portal_url": "http://127.0.0.1:9"}
    servers = [server(world, fleet.one, **nowhere), server(world, fleet.two)]
    with fleet_of(fleet.way, world, fleet.db, servers) as later:
        assert later.apply(replace(grant, locations=(), location=fleet.two)).place == fleet.two


@pytest.mark.parametrize(
    ("reset", "since", "now", "began"),
    [
        ("period", "2026-01-01T00:00", "2027-01-01T00:00", None),
        ("none", "2026-01-01T00:00", "2027-01-01T00:00", None),
        ("day", "2026-11-21T00:00", "2026-11-21T23:59", None),
        ("day", "2026-11-21T23:59", "2026-11-22T00:00", "2026-11-22T00:00"),
        ("week", "2026-11-16T00:00", "2026-11-22T23:59", None),  # Monday to Sunday
        ("week", "2026-11-22T12:00", "2026-11-23T00:10", "2026-11-23T00:00"),
        ("month", "2026-11-01T00:00", "2026-11-30T23:59", None),
        ("month", "2026-11-30T12:00", "2026-12-03T00:10", "2026-12-01T00:00"),
        ("month_rolling", "2026-11-21T12:00", "2026-12-21T11:59", None),
        ("month_rolling", "2026-11-21T12:00", "2026-12-21T12:00", "2026-12-21T12:00"),
        ("month_rolling", "2026-11-21T12:00", "2027-02-22T00:00", "2027-02-21T12:00"),
        ("month_rolling", "2027-01-31T12:00", "2027-02-28T12:00", "2027-02-28T12:00"),
    ],
)
def test_when_the_calendar_begins_anew(reset: str, since: str, now: str, began: str | None) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(f"{text}:00+00:00")

    peer = WireguardPeerRow(used_bytes=7, usage_epoch=0, counting_since=at(since))
    grant = Grant(1, 1, "user:1", 7, GOOD, "active", NOW, traffic_reset=reset)
    begin_anew(peer, grant, at(now))
    begin_anew(peer, grant, at(now))

    assert (peer.used_bytes, peer.counting_since) == ((0, at(began)) if began else (7, at(since)))
