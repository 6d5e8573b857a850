"""Many hints of one grant: a few repairs, and then no more for a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.provisioning.hints import MOST_REPAIRS
from tests.services.provisioning.remnawave.panel_tells import Told, telling
from tests.world import Kiosk


@pytest.fixture
def told(kiosk: Kiosk) -> Iterator[Told]:
    with telling(kiosk) as told:
        yield told


def test_who_changes_it_back_and_forth_is_not_fought_without_end(told: Told) -> None:
    for _ in range(MOST_REPAIRS + 3):
        if told.there["status"] == "ACTIVE":
            told.kiosk.post(f"/panel/users/{told.there['username']}/disable")
        told.settle()
    assert told.there["status"] == "DISABLED"
    assert told.kiosk.count("access_hints", "repaired_at IS NOT NULL") == MOST_REPAIRS
    told.kiosk.world.offset.move(3700)
    told.tell()
    told.settle()
    assert told.there["status"] == "ACTIVE", "an hour later it is put right again"


def test_hints_are_forgotten_after_a_while(told: Told) -> None:
    told.tell()
    told.settle()
    assert told.kiosk.count("access_hints") >= 1
    told.deaf()
    told.kiosk.pass_time(timedelta(hours=4))
    assert told.kiosk.count("access_hints") == 0
