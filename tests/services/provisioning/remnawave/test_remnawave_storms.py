"""Many hints of one grant: a few repairs, and then no more for a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.provisioning.repairs import MOST, WITHIN
from tests.services.provisioning.remnawave.panel_tells import Told, telling
from tests.world import Kiosk


@pytest.fixture
def told(kiosk: Kiosk) -> Iterator[Told]:
    with telling(kiosk) as told:
        yield told


def test_who_changes_it_back_and_forth_is_not_fought_without_end(told: Told) -> None:
    for _ in range(MOST + 3):
        if told.there["status"] == "ACTIVE":
            told.kiosk.post(f"/panel/users/{told.there['username']}/disable")
        told.settle()
        told.kiosk.world.offset.move(60)
    assert told.there["status"] == "DISABLED"
    assert told.kiosk.count("access_repairs") == MOST
    told.kiosk.world.offset.move(int((WITHIN + timedelta(minutes=1)).total_seconds()))
    told.tell()
    told.settle()
    assert told.there["status"] == "ACTIVE", "later it is put right again"
