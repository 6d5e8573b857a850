"""The devices from which somebody uses their access. Only the other side knows them, so they are asked for there."""

from __future__ import annotations

from collections.abc import Sequence

from services.identity import Party
from services.platform.db import Database
from services.provisioning.access import state_of
from services.provisioning.grants import AccessNotReady, own_row, read
from services.provisioning.provisioners.base import (
    Capability,
    Device,
    Grant,
    Provisioner,
    Provisioners,
    Ref,
    Unsupported,
)


def devices(db: Database, provisioners: Provisioners, party: Party, grant_id: int) -> Sequence[Device]:
    """Those of an own grant. Raises AccessNotFound, AccessNotReady, Unsupported, TryLater, Misconfigured."""
    provisioner, grant, ref = _own(db, provisioners, party, grant_id)
    return provisioner.devices(grant, ref)


def forget_device(db: Database, provisioners: Provisioners, party: Party, grant_id: int, device_id: str) -> None:
    """Makes room for another one at an own grant. Forgotten already is success. Raises as `devices`."""
    provisioner, grant, ref = _own(db, provisioners, party, grant_id)
    provisioner.forget_device(grant, ref, device_id)


def _own(db: Database, provisioners: Provisioners, party: Party, grant_id: int) -> tuple[Provisioner, Grant, Ref]:
    with db.begin() as tx:
        row = own_row(tx, party, grant_id)
        provisioner = provisioners.get(row.kind)
        if provisioner is None or Capability.DEVICES not in provisioner.capabilities:
            raise Unsupported(f"devices of {row.kind} are not known")
        if state_of(row) != "ready":
            raise AccessNotReady(f"grant {grant_id} is {state_of(row)}")
        return provisioner, read(tx, row), row.ref
