"""A text that the operator wrote into the catalogue, the same for every buyer."""

from __future__ import annotations

from datetime import datetime

from services.platform.db import Database
from services.provisioning.provisioners.base import Artifact, Capability, Grant, Held, Provisioner, Ref
from services.provisioning.provisioners.shown import in_owners_language, named, option


class Text(Provisioner):
    """Nothing lies outside: what is in the catalogue is what there is. A text that was mended is new credentials, so
    that its owners are told it."""

    kind = "text"
    capabilities = Capability.SUSPEND | Capability.MOVES

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        if grant.state == "ended":
            return Held("absent")
        texts = option(grant, "text")
        shown = Artifact("text", in_owners_language(db, grant, texts))
        return Held(grant.state, key=named(texts), artifacts=(shown,))

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        return self.apply(db, grant, ref, now)

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        """Nothing lies outside."""
