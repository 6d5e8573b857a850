"""A file in our bucket: sent as a Telegram document, or downloaded by a link that is made on request."""

from __future__ import annotations

from datetime import datetime

from services.platform.db import Database
from services.platform.storage import NoSuchFile, Storage
from services.provisioning.documents import SENDABLE
from services.provisioning.provisioners.base import Artifact, Capability, Grant, Held, Misconfigured, Provisioner, Ref
from services.provisioning.provisioners.shown import named, option


class File(Provisioner):
    """The bucket is only looked at: nothing in it belongs to one buyer. Other content under the same key is new
    credentials, so that its owners get the new file."""

    kind = "file"
    capabilities = Capability.SUSPEND | Capability.MOVES

    def __init__(self, storage: Storage | None, *, has_address: bool) -> None:
        """`has_address`: links to our own pages can be made (PUBLIC_URL)."""
        self._storage, self._has_address = storage, has_address

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        if grant.state == "ended":
            return Held("absent")
        key, name = option(grant, "file"), option(grant, "file_name")
        if self._storage is None:
            raise Misconfigured("there is nowhere to take files from: set STORAGE_*")
        try:
            found = self._storage.look(key)
        except NoSuchFile:
            raise Misconfigured(
                f"good {grant.good.name}: {key} is not in the bucket: goods upload puts it there"
            ) from None
        if found.size > SENDABLE and not self._has_address:
            raise Misconfigured(f"good {grant.good.name}: {key} is too large for Telegram, and links need PUBLIC_URL")
        version = named(key, name, found.etag)
        ref = {"size": found.size, "version": version}
        return Held(grant.state, ref=ref, key=version, artifacts=(Artifact("document", key, name),))

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        return self.apply(db, grant, ref, now)

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        """The file stays for others; links to it end with the grant."""
