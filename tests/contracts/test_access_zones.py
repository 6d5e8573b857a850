"""The zones of the contract: which meet whom, and that they tell a naive time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from services.platform.db import Database
from services.provisioning.provisioners.base import Grant, Held, Ref
from tests.contracts import access_memory, test_access
from tests.contracts.access_sides import KINDS, Side
from tests.contracts.memory_access import MemoryAccess
from tests.contracts.zones import ZONES, in_zone, turns

TESTS = [name for name in vars(test_access) if name.startswith("test_")]


def naive(at: datetime) -> datetime:
    """Written without its zone, and read as local time."""
    return datetime.fromisoformat(at.strftime("%Y-%m-%dT%H:%M:%S")).astimezone()


class ReadsLocal(MemoryAccess):
    """Takes what its side says for local time."""

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        held = super().apply(db, grant, ref, now)
        return replace(held, ends_at=held.ends_at and naive(held.ends_at))

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        held = super().fetch(db, grant, ref, now)
        return replace(held, ends_at=held.ends_at and naive(held.ends_at))


class WritesLocal(MemoryAccess):
    """Tells its side a time without a zone."""

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        return super().apply(db, replace(grant, ends_at=naive(grant.ends_at)), ref, now)


@pytest.fixture(params=[ReadsLocal, WritesLocal])
def careless(request: pytest.FixtureRequest, db: Database, tmp_path: Path) -> Side:
    side = access_memory.Opened(db, tmp_path)
    side.provisioner = request.param(side.elsewhere)
    return side


CAUGHT_BY: list[Callable[[Side], None]] = [
    test_access.test_what_was_given_works_and_is_found,
    test_access.test_compared_with_what_is_wanted_nothing_differs,
]


@pytest.mark.parametrize("contract", CAUGHT_BY)
@pytest.mark.parametrize("zone", ZONES)
def test_a_naive_time_breaks_the_contract(careless: Side, contract: Callable[[Side], None], zone: str) -> None:
    """But in UTC, where nobody would ever see it."""
    with in_zone(zone):
        if zone == "UTC":
            contract(careless)
        else:
            with pytest.raises(AssertionError):
                contract(careless)


def test_every_kind_and_every_test_meet_every_zone() -> None:
    cases = [
        (kind, test, zone)
        for test in TESTS
        for zone, kind in turns(KINDS, TESTS, test, everywhere=test in test_access.TIMED)
    ]
    assert set(test_access.TIMED) < set(TESTS)
    for test in TESTS:
        assert {zone for _, one, zone in cases if one == test} == set(ZONES)
        assert {kind for kind, one, _ in cases if one == test} == set(KINDS)
    for kind in KINDS:
        assert {zone for one, _, zone in cases if one == kind} == set(ZONES)
        assert {(one, zone) for name, one, zone in cases if name == kind} >= {
            (one, zone) for one in test_access.TIMED for zone in ZONES
        }


def test_the_zone_is_as_before_afterwards() -> None:
    before = time.tzname
    with in_zone("America/New_York"):
        assert time.tzname[0] == "EST"
    assert time.tzname == before
