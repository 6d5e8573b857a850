"""Keys of a pool; access_licence_signed has signed ones."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from services import provisioning
from services.catalog import Good
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.licences import Signer
from services.provisioning.licences.verify import state_of_licence
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Grant
from services.provisioning.provisioners.licence import Licences
from tests.contracts.access_sides import Seen, Side

POOL = "games"


class Opened(Side):
    kind = "licence"
    claims = Licences.capabilities
    modes = ("out_of_stock",)

    def __init__(self, db: Database, directory: Path) -> None:
        super().__init__(db, directory)
        self._cipher = Cipher("a secret for tests, long enough")
        self._signer = Signer((bytes(range(32)),))
        self.provisioner = Licences(db, self._cipher, self._signer)
        with db.begin() as tx:
            keys = [(line, f"KEY-{line}") for line in range(1, 9)]
            provisioning.licences.import_keys(tx, self._cipher, POOL, keys, actor="console:test", now=self.now())
        # A key is replaced once a day: who rotates here has had theirs for longer.
        self._bought = self.now() - timedelta(days=2)

    def good(self) -> Good:
        return Good("game", "licence", {}, {"pool": POOL})

    def want(self, grant: Grant) -> None:
        super().want(grant)
        with self.db.begin() as tx:
            tx.execute(text("UPDATE licence_keys SET taken_at = :at"), {"at": self._bought})

    def seen(self, grant: Grant) -> list[Seen]:
        with self.db.begin() as tx:
            query = "SELECT fingerprint, sealed FROM licence_keys WHERE grant_id = :id AND state = 'taken'"
            rows = tx.execute(text(query), {"id": grant.id}).all()
        places = [(bytes(row.sealed), f"licence_keys.sealed:{row.fingerprint}") for row in rows]
        keys = [self._cipher.open(sealed, place).decode() for sealed, place in places]
        return [Seen(grant.key, self._counts(grant), None, key) for key in keys]

    def everything(self) -> object:
        with self.db.begin() as tx:
            return [tuple(row) for row in tx.execute(text("SELECT id, state, grant_id FROM licence_keys ORDER BY id"))]

    def break_down(self, mode: str) -> None:
        with self.db.begin() as tx:
            tx.execute(text("UPDATE licence_keys SET state = 'revoked', revoked_why = 'away' WHERE state = 'free'"))

    def mend(self) -> None:
        with self.db.begin() as tx:
            back = "UPDATE licence_keys SET state = 'free', revoked_why = NULL WHERE revoked_why = 'away'"
            tx.execute(text(back))

    def _counts(self, grant: Grant) -> bool:
        """What whoever has the key is told of it."""
        with self.db.begin() as tx:
            row = tx.get_one(AccessGrantRow, grant.id)
            return row.wanted != "ended" and state_of_licence(tx, row, self.now()) == "active"
