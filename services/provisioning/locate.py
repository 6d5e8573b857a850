from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy.orm import Session

from services.identity import Party
from services.platform.errors import NotFound
from services.provisioning.access import state_of
from services.provisioning.grants import own_row, read, touch
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import (
    Capability,
    Location,
    OutOfStock,
    Provisioners,
    Unsupported,
)


class LocationNotFound(NotFound):
    """There is no such location, or the tariff does not leave it."""

    code: ClassVar[str] = "location_not_found"


def locations_for(
    tx: Session, provisioners: Provisioners, party: Party, grant_id: int, now: datetime
) -> Sequence[Location]:
    """What the owner of a grant may choose of, each once and with a word about how full it is; none where there is
    nothing to choose. Raises AccessNotFound, also for other people's."""
    row = own_row(tx, party, grant_id)
    return _offered(tx, provisioners, row, now)


def choose_location(
    tx: Session, provisioners: Provisioners, party: Party, grant_id: int, code: str, now: datetime
) -> None:
    """An own grant that is ready moves: the new place is taken at once, the old one is left when the new one has
    confirmed. `code` is a Location's. Where it is already, nothing happens. Raises AccessNotFound, LocationNotFound,
    OutOfStock, Unsupported."""
    row = own_row(tx, party, grant_id)
    if row.kind not in provisioners or Capability.LOCATIONS not in provisioners[row.kind].capabilities:
        raise Unsupported(f"{row.kind} is had in one place only")
    chosen = next((one for one in _offered(tx, provisioners, row, now) if one.code == code), None)
    if chosen is None:
        raise LocationNotFound(f"grant {grant_id} is not to be had in {code!r}")
    if state_of(row) != "ready":
        return
    if chosen.here:
        row.location = chosen.wanted  # it is there already, and now it is to stay
        return
    if chosen.room == "none":
        raise OutOfStock(f"{code} is full")
    row.location = chosen.wanted
    provisioners[row.kind].reserve(tx, read(tx, row), now)
    touch(tx, row, now, cause="location")


def _offered(tx: Session, provisioners: Provisioners, row: AccessGrantRow, now: datetime) -> Sequence[Location]:
    provisioner = provisioners.get(row.kind)
    return provisioner.locations(tx, read(tx, row), now) if provisioner else ()
