"""What a person gives: an operator gets a task, and answers it with words, a link or a key."""

from __future__ import annotations

from datetime import datetime

from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.provisioners.base import Artifact, Capability, Grant, Held, Provisioner, Ref
from services.provisioning.tasks.rows import TaskRow, given_by
from services.provisioning.tasks.work import answer_in, follow


class Manual(Provisioner):
    """Until the task is answered the grant is absent, which is no failure: nothing is tried again, and the answer
    applies it. New credentials are another task; the earlier answer is shown until then."""

    kind = "manual"
    capabilities = Capability.SUSPEND | Capability.ROTATE

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        with db.begin() as tx:
            return self._held(grant, follow(tx, grant, now))

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        with db.begin() as tx:
            return self._held(grant, given_by(tx, grant.id))

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        with db.begin() as tx:
            follow(tx, grant, now, is_over=True)

    def _held(self, grant: Grant, given: TaskRow | None) -> Held:
        if given is None or grant.state == "ended":
            return Held("absent")
        kind, content = answer_in(self._cipher, given)
        return Held(grant.state, ref={"task": given.id}, key=f"task:{given.id}", artifacts=(Artifact(kind, content),))
