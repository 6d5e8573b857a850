"""The time zone of a process, and which of them each test of the contract meets."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

ZONES = ("UTC", "Europe/Moscow", "America/New_York")  # none, one before UTC and one behind it


@contextmanager
def in_zone(zone: str) -> Iterator[None]:
    """What is read as local time is read so, in all threads of this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        try:
            yield
        finally:
            patch.undo()
            time.tzset()


def turns(kinds: Sequence[str], tests: Sequence[str], test: str, *, everywhere: bool) -> list[tuple[str, str]]:
    """The zones in which a test is run, each with a kind: of any three tests in a row a kind meets every zone, and of
    any three kinds a test does. `everywhere`: all zones with all kinds."""
    if everywhere:
        return [(zone, kind) for kind in kinds for zone in ZONES]
    first = list(tests).index(test)
    return [(ZONES[(first + number) % len(ZONES)], kind) for number, kind in enumerate(kinds)]
