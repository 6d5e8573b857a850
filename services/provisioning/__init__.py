"""Access equal to what was paid.

A subscription is owed a grant for each good of its terms. Our database owns who has access until when; the other side
(a server, a panel, a chat) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the port to
one kind; what it gives is sealed, and revealed to its owner only."""

from services.provisioning.access import Access, access_of, qr_png
from services.provisioning.apply import apply
from services.provisioning.events import (
    AccessDelayed,
    AccessGranted,
    AccessHinted,
    AccessSoldOut,
    ChecksDue,
    GrantChanged,
    ServerCheckDue,
)
from services.provisioning.follow import grant, withdraw
from services.provisioning.grants import AccessNotFound
from services.provisioning.hints import look, purge_hints
from services.provisioning.places import check_server, plan_checks, schedule_checks
from services.provisioning.provisioners.base import (
    Artifact,
    Capability,
    Device,
    Health,
    OutOfStock,
    Provisioner,
    Unsupported,
)
from services.provisioning.remnawave.hear import hear_panel
from services.provisioning.rotate import rotate

__all__ = [
    "Access",
    "AccessDelayed",
    "AccessGranted",
    "AccessHinted",
    "AccessNotFound",
    "AccessSoldOut",
    "Artifact",
    "Capability",
    "ChecksDue",
    "Device",
    "GrantChanged",
    "Health",
    "OutOfStock",
    "Provisioner",
    "ServerCheckDue",
    "Unsupported",
    "access_of",
    "apply",
    "check_server",
    "grant",
    "hear_panel",
    "look",
    "plan_checks",
    "purge_hints",
    "qr_png",
    "rotate",
    "schedule_checks",
    "withdraw",
]
