"""Goods that are only shown, the same to everybody: what their owners were told last stands for the other side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from services import identity
from services.catalog import Good
from services.platform.db import Database
from services.provisioning.provisioners.base import Grant, Held, Provisioner, Ref
from tests.contracts.access_sides import Seen, Side


class ShownSide(Side):
    modes = ("misconfigured",)
    nothing_outside = True

    def __init__(self, db: Database, directory: Path) -> None:
        super().__init__(db, directory)
        self._shown: dict[int, Held] = {}
        self._right = self.provisioner = Shown(self.made(), self._shown)

    def made(self) -> Provisioner:
        """The adapter."""
        raise NotImplementedError

    def options(self) -> Mapping[str, Any]:
        """What the catalogue says of the good."""
        raise NotImplementedError

    def good(self) -> Good:
        return Good("thing", self.kind, {}, self.options())

    def grant(self, **changes: Any) -> Grant:
        with self.db.begin() as tx:
            person = {"first_name": "Anna", "username": None, "language_code": "uk"}
            user = identity.greet(tx, telegram_id=7_000_000_001, **person, now=self.now())
        return super().grant(**({"party": str(user.party)} | changes))

    def seen(self, grant: Grant) -> list[Seen]:
        held = self._shown.get(grant.id)
        if held is None or held.state == "absent":
            return []
        return [Seen(grant.key, held.state == "active", None, held.artifacts[0].content)]

    def everything(self) -> object:
        return dict(self._shown)

    def break_down(self, mode: str) -> None:
        """Somebody has taken it out of the catalogue."""
        self.provisioner = Shown(self.made(), self._shown, forgotten=True)

    def mend(self) -> None:
        self.provisioner = self._right


class Shown(Provisioner):
    """Remembers what was shown; `forgotten`: the catalogue does not say it any more."""

    def __init__(self, inner: Provisioner, shown: dict[int, Held], *, forgotten: bool = False) -> None:
        self.kind, self.capabilities = inner.kind, inner.capabilities
        self._inner, self._shown, self._forgotten = inner, shown, forgotten

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        held = self._shown[grant.id] = self._inner.apply(db, self._as_sold(grant), ref, now)
        return held

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        return self._inner.fetch(db, self._as_sold(grant), ref, now)

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        self._inner.remove(db, grant, ref, now)
        self._shown.pop(grant.id, None)

    def _as_sold(self, grant: Grant) -> Grant:
        return replace(grant, good=replace(grant.good, options={})) if self._forgotten else grant
