"""Keys that are signed when they are given, and stand nowhere but with their owner."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from services.catalog import Good
from services.platform.db import Database
from services.provisioning.licences.signed import Signer
from services.provisioning.provisioners.base import Capability, Grant, Held, Ref
from services.provisioning.provisioners.licence import Licences
from tests.contracts import access_licence
from tests.contracts.access_sides import Seen


class Remembering(Licences):
    """What owners have been given."""

    given: dict[int, str]

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        held = super().apply(db, grant, ref, now)
        for artifact in held.artifacts:
            self.given[grant.id] = artifact.content
        return held


class Opened(access_licence.Opened):
    claims = Licences.capabilities & ~Capability.STOCK  # there is plenty
    modes = ("misconfigured",)
    only_in_ref = True
    says_its_end = True

    def __init__(self, db: Database, directory: Path) -> None:
        super().__init__(db, directory)
        self._given: dict[int, str] = {}
        self._right = self.provisioner = self._made(self._signer)

    def good(self) -> Good:
        return Good("app", "licence", {}, {"signed": True, "plan": "pro"})

    def seen(self, grant: Grant) -> list[Seen]:
        """A buyer's key, read as their program reads it."""
        key = self._given.get(grant.id)
        if key is None:
            return []
        said = self._signer.read(key)
        assert said is not None
        assert (said.id, said.plan) == (grant.id, "pro")
        return [Seen(grant.key, self._counts(grant), said.ends_at, key)]

    def everything(self) -> object:
        return dict(self._given)

    def break_down(self, mode: str) -> None:
        self.provisioner = self._made(Signer())

    def mend(self) -> None:
        self.provisioner = self._right

    def _made(self, signer: Signer) -> Licences:
        made = Remembering(self.db, self._cipher, signer)
        made.given = self._given
        return made
