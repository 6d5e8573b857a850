"""Access equal to what was paid.

A subscription is owed a grant for each good of its terms. Our database owns who has access until when; the other side
(a server, a panel, a chat) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the port to
one kind; what it gives is sealed, and revealed to its owner only."""

from services.provisioning.access import Access, access_of, own_access, qr_png
from services.provisioning.apply import apply
from services.provisioning.devices import devices, forget_device
from services.provisioning.events import (
    AccessDelayed,
    AccessGranted,
    AccessSoldOut,
    ChecksDue,
    GrantChanged,
    ServerCheckDue,
)
from services.provisioning.follow import grant, withdraw
from services.provisioning.grants import AccessNotFound, AccessNotReady
from services.provisioning.locate import LocationNotFound, choose_location, locations_for
from services.provisioning.places import check_server, plan_checks, schedule_checks
from services.provisioning.provisioners.base import (
    Artifact,
    Capability,
    Device,
    Health,
    Location,
    OutOfStock,
    Provisioner,
    Unsupported,
)
from services.provisioning.rotate import rotate

__all__ = [
    "Access",
    "AccessDelayed",
    "AccessGranted",
    "AccessNotFound",
    "AccessNotReady",
    "AccessSoldOut",
    "Artifact",
    "Capability",
    "ChecksDue",
    "Device",
    "GrantChanged",
    "Health",
    "Location",
    "LocationNotFound",
    "OutOfStock",
    "Provisioner",
    "ServerCheckDue",
    "Unsupported",
    "access_of",
    "apply",
    "check_server",
    "choose_location",
    "devices",
    "forget_device",
    "grant",
    "locations_for",
    "own_access",
    "plan_checks",
    "qr_png",
    "rotate",
    "schedule_checks",
    "withdraw",
]
