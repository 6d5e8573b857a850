"""Which answers differ from what is wanted, and which only look so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from services import provisioning
from services.catalog import Good
from services.platform.db import Database
from services.provisioning.compare import difference
from services.provisioning.provisioners.base import DIFFERS, Grant, Held
from tests.services.provisioning.desk import Desk

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
END = NOW + 30 * DAY
GRANT = Grant(7, 3, "user:1", 42, Good("vpn", "panel", {}, {}), "active", END)
SUSPENDED, ENDED, OVER = replace(GRANT, state="suspended"), replace(GRANT, state="ended"), replace(GRANT, ends_at=NOW)


@pytest.mark.parametrize(
    ("grant", "held", "before", "what"),
    [
        (GRANT, Held("active", ends_at=END), "active", None),
        (GRANT, Held("active", ends_at=None), "active", None),
        (GRANT, Held("active", ends_at=END + timedelta(seconds=1)), "active", None),
        (GRANT, Held("active", ends_at=END - timedelta(milliseconds=1001)), "active", "end"),
        (GRANT, Held("limited", ends_at=END), "active", None),
        (GRANT, Held("limited", ends_at=END + DAY), "active", "end"),
        (GRANT, Held("active", key="a"), "active", None),
        (GRANT, Held("active", key="b"), "active", "credentials"),
        (GRANT, Held("active", problem=DIFFERS), "active", "limits"),
        (GRANT, Held("active", problem="unknown_squads"), "active", None),
        (GRANT, Held("suspended"), "active", "state"),
        (GRANT, Held("expired", ends_at=NOW - DAY), "active", "state"),
        (GRANT, Held("absent"), "active", "absent"),
        # The adapter could bring about no more when it was applied: an open task, somebody banned by an administrator.
        (GRANT, Held("absent"), "absent", None),
        (GRANT, Held("suspended", ends_at=END), "suspended", None),
        (GRANT, Held("active", ends_at=END), "absent", None),
        # It ended on our clock, and whoever ends it is on the way.
        (OVER, Held("expired", ends_at=NOW), "active", None),
        (OVER, Held("active", ends_at=NOW), "active", None),
        (OVER, Held("absent"), "active", None),
        *((off, Held("suspended"), "suspended", None) for off in (SUSPENDED, ENDED)),
        *((off, Held("absent"), "suspended", None) for off in (SUSPENDED, ENDED)),
        *((off, Held("expired", ends_at=NOW - DAY), "suspended", None) for off in (SUSPENDED, ENDED)),
        *((off, Held("active", ends_at=NOW - DAY), "suspended", None) for off in (SUSPENDED, ENDED)),
        *((off, Held("active", ends_at=END), "suspended", "state") for off in (SUSPENDED, ENDED)),
        *((off, Held("limited"), "suspended", "state") for off in (SUSPENDED, ENDED)),
        *((off, Held("suspended", problem=DIFFERS), "suspended", "limits") for off in (SUSPENDED, ENDED)),
    ],
    ids=str,
)
def test_a_difference(grant: Grant, held: Held, before: str, what: str | None) -> None:
    assert difference(grant, held, before, "a", NOW) == what


def test_two_checks_at_once_repair_once(db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(db, now)
    grants = desk.people(5)
    for one in grants:
        desk.elsewhere.things[f"k{one}"].off = True
    desk.now += timedelta(minutes=10)
    both, whole = Barrier(2), desk.memory.survey

    def together(*asked: object) -> list[object]:
        answers = list(whole(*asked))  # type: ignore[arg-type]
        both.wait(10)
        return iter(answers)  # type: ignore[return-value]

    monkeypatch.setattr(desk.memory, "survey", together)
    with ThreadPoolExecutor(2) as pool:
        looks = [pool.submit(provisioning.look_at_place, db, desk.memory, "m1", desk.now) for _ in range(2)]
        assert sum(look.result(20).repaired for look in looks) == 5
    assert desk.repairs() == ["state"] * 5
    desk.work()
    assert {desk.row(one).revision for one in grants} == {2}
