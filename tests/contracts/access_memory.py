from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.platform.db import Database
from services.provisioning.provisioners.base import Grant
from tests.contracts.access_sides import Seen, Side
from tests.contracts.memory_access import ALL, MODES, Elsewhere, MemoryAccess, Thing


class Opened(Side):
    kind = "memory"
    claims = ALL
    modes = MODES

    def __init__(self, db: Database, directory: Path) -> None:
        super().__init__(db, directory)
        self.elsewhere = Elsewhere(self.now, room=100)
        self.provisioner = MemoryAccess(self.elsewhere)

    def locations(self) -> Sequence[str]:
        return "m1", "m2"

    def seen(self, grant: Grant) -> list[Seen]:
        there = self.elsewhere
        mine = [thing for thing in there.things.values() if thing.name == grant.key]
        return [Seen(one.name, there.state(one) == "active", one.ends_at, one.secret) for one in mine]

    def everything(self) -> object:
        return {name: repr(thing) for name, thing in self.elsewhere.things.items()}

    def plant(self) -> Any:
        name = "k999999999"
        self.elsewhere.things[name] = Thing(name, self.now() + timedelta(days=3))
        return name

    def foreign(self, planted: Any) -> object:
        return repr(self.elsewhere.things.get(planted))

    def lose(self, grant: Grant) -> bool:
        return self.elsewhere.things.pop(grant.key, None) is not None

    def break_down(self, mode: str) -> None:
        self.elsewhere.break_down(mode, 1 if mode == "after" else None)

    def mend(self) -> None:
        self.elsewhere.break_down(None)

    def use(self, grant: Grant, size: int) -> None:
        self.elsewhere.things[grant.key].used += size

    def connect(self, grant: Grant, device: str) -> None:
        self.elsewhere.things[grant.key].devices[device] = "Phone"
