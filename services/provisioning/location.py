"""Where somebody has their access, as far as they may choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from services.identity import Party
from services.platform.errors import Conflict
from services.provisioning.access import state_of
from services.provisioning.grants import AccessNotReady, own_row, read, touch
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Capability, Location, Provisioner, Unsupported

Provisioners = Mapping[str, Provisioner]


class LocationNotOffered(Conflict):
    """The tariff or the provisioner does not have it, or no longer."""

    code = "location_not_offered"


class LocationFull(Conflict):
    """It is offered, and nothing is free there now."""

    code = "location_full"


def locations(
    tx: Session, provisioners: Provisioners, party: Party, grant_id: int, now: datetime
) -> tuple[Sequence[Location], str | None]:
    """Where an own grant could be, and the code of where it is. Raises AccessNotFound, AccessNotReady, Unsupported."""
    row, provisioner = _own(tx, provisioners, party, grant_id)
    return _offered(tx, row, provisioner, now), _current(row)


def choose_location(
    tx: Session, provisioners: Provisioners, party: Party, grant_id: int, location: str, now: datetime
) -> None:
    """Moves an own grant; where it is already, nothing happens. What is scarce there is taken in this transaction.
    Raises AccessNotFound, AccessNotReady, Unsupported, LocationNotOffered, LocationFull, OutOfStock."""
    row, provisioner = _own(tx, provisioners, party, grant_id)
    if location == _current(row):
        return
    offered = {one.code: one for one in _offered(tx, row, provisioner, now)}
    if location not in offered:
        raise LocationNotOffered(f"grant {grant_id} cannot be at {location!r}")
    free = offered[location].free
    if free is not None and free <= 0:
        raise LocationFull(f"nothing is free at {location!r}")
    with tx.begin_nested():  # a caller that goes on after OutOfStock leaves the grant where it is
        row.location = location
        touch(tx, row, now, cause="location")
        provisioner.reserve(tx, read(tx, row), now)


def _own(tx: Session, provisioners: Provisioners, party: Party, grant_id: int) -> tuple[AccessGrantRow, Provisioner]:
    row = own_row(tx, party, grant_id)
    provisioner = provisioners.get(row.kind)
    if provisioner is None or Capability.LOCATIONS not in provisioner.capabilities:
        raise Unsupported(f"{row.kind} is in one place only")
    if state_of(row) != "ready":
        raise AccessNotReady(f"grant {grant_id} is {state_of(row)}")
    return row, provisioner


def _offered(tx: Session, row: AccessGrantRow, provisioner: Provisioner, now: datetime) -> Sequence[Location]:
    grant = read(tx, row)
    known = provisioner.locations(tx, grant, now)
    return [one for one in known if not grant.locations or one.code in grant.locations]


def _current(row: AccessGrantRow) -> str | None:
    return row.location or row.place
