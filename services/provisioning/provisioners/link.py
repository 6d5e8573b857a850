"""An address that the operator wrote into the catalogue, the same for every buyer."""

from __future__ import annotations

from datetime import datetime

from services.platform.db import Database
from services.provisioning.provisioners.base import Artifact, Capability, Grant, Held, Provisioner, Ref
from services.provisioning.provisioners.shown import named, option


class Link(Provisioner):
    """Nothing lies outside, as with a text: who knows the address keeps it after the end."""

    kind = "link"
    capabilities = Capability.SUSPEND | Capability.MOVES

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        if grant.state == "ended":
            return Held("absent")
        url = option(grant, "url")
        return Held(grant.state, key=named(url), artifacts=(Artifact("link", url),))

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        return self.apply(db, grant, ref, now)

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        """Nothing lies outside."""
