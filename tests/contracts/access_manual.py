"""Operators who answer each task at once, as the contract drives them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from services import provisioning
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.provisioners.base import Grant, Held, Ref
from services.provisioning.provisioners.manual import Manual
from tests.contracts.access_sides import Seen, Side

OPERATOR = "operator:1"


class Diligent(Manual):
    """Whatever task there is when a grant was applied is answered, and the grant applied again."""

    def __init__(self, cipher: Cipher) -> None:
        super().__init__(cipher)
        self._secrets = cipher
        self.held: dict[int, Held] = {}

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        super().apply(db, grant, ref, now)
        with db.begin() as tx:
            waiting = [one for one in provisioning.tasks.open_tasks(tx) if one.grant_id == grant.id]
            for one in waiting:
                content = f"the password of task {one.id}"
                provisioning.tasks.write_answer(tx, self._secrets, one.id, "text", content, OPERATOR, now)
                provisioning.tasks.send_answer(tx, one.id, OPERATOR, now)
        self.held[grant.id] = super().apply(db, grant, ref, now)
        return self.held[grant.id]

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        super().remove(db, grant, ref, now)
        self.held.pop(grant.id, None)


class Opened(Side):
    kind = "manual"
    claims = Manual.capabilities

    def __init__(self, db: Database, directory: Path) -> None:
        super().__init__(db, directory)
        self._cipher = Cipher("a secret for tests, long enough")
        self._operators = self.provisioner = Diligent(self._cipher)

    def seen(self, grant: Grant) -> list[Seen]:
        """What operators gave last."""
        held = self._operators.held.get(grant.id)
        if held is None or held.state == "absent":
            return []
        return [Seen(grant.key, held.state == "active", None, held.artifacts[0].content)]

    def everything(self) -> object:
        with self.db.begin() as tx:
            return [tuple(row) for row in tx.execute(text("SELECT id, grant_id, kind, state FROM access_tasks"))]
