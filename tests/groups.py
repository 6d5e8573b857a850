"""Which tests go to one worker together, and which go first."""

from __future__ import annotations

import re

from xdist.scheduler import LoadFileScheduling

# One town for all: its processes take 5 CPU seconds each to start.
TOWN = re.compile(r"tests/processes/test_(?!crash)")
# Each test of these is long enough to go alone.
ALONE = re.compile(r"tests/(stories|machines)/")
FIRST = ("tests/processes/test_", "tests/stories/", "tests/machines/", "tests/contracts/", "tests/apps/bot/")


class Groups(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        if TOWN.match(nodeid):
            return "town"
        return nodeid if ALONE.match(nodeid) else nodeid.partition("::")[0]


def rank(nodeid: str) -> int:
    """The town first of all."""
    if TOWN.match(nodeid):
        return 0
    return next((number for number, start in enumerate(FIRST, 1) if nodeid.startswith(start)), len(FIRST) + 1)
