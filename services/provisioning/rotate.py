from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.identity import Party
from services.provisioning.access import state_of
from services.provisioning.grants import own_row, read, touch
from services.provisioning.provisioners.base import Capability, OutOfStock, Provisioners, Unsupported
from services.provisioning.stock import SoldOut


def rotate(
    tx: Session,
    provisioners: Provisioners,
    party: Party,
    grant_id: int,
    *,
    generation: int,
    now: datetime,
) -> None:
    """New credentials for an own grant that is ready; the old ones stop working. `generation` is the one its owner saw:
    asking twice replaces once. What is scarce is taken here. Raises AccessNotFound, Unsupported, SoldOut, TooSoon."""
    row = own_row(tx, party, grant_id)
    if row.kind not in provisioners or Capability.ROTATE not in provisioners[row.kind].capabilities:
        raise Unsupported(f"credentials of {row.kind} are not replaced")
    if state_of(row) != "ready" or row.generation != generation:
        return
    row.generation += 1
    if Capability.STOCK in provisioners[row.kind].capabilities:
        try:
            provisioners[row.kind].reserve(tx, read(tx, row), now)
        except OutOfStock as error:
            raise SoldOut(str(error)) from None
    touch(tx, row, now, cause="rotation")
