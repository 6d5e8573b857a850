from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

from services.platform.clock import Clock, wall_clock

A_MOMENT = timedelta(seconds=5)


def test_business_time_is_real_time_unless_somebody_travels(tmp_path: Path) -> None:
    file = tmp_path / "время и место" / "offset"
    clock = Clock(file.as_uri())
    assert abs(Clock().now() - wall_clock()) < A_MOMENT
    assert abs(clock.now() - wall_clock()) < A_MOMENT, "nobody has travelled yet"
    file.parent.mkdir()
    file.write_text("2678400\n")
    assert abs(clock.now() - wall_clock() - timedelta(days=31)) < A_MOMENT
    assert clock.now().tzinfo is UTC
