"""Access equal to what was paid.

A subscription is owed a grant for each good of its terms. Our database owns who has access until when; the other side
(a server, a panel, a chat) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the port to
one kind; what it gives is sealed, and revealed to its owner only."""

from services.provisioning.access import Access, access_of, qr_png
from services.provisioning.apply import apply
from services.provisioning.channels.api import is_inside, missing_rights
from services.provisioning.channels.events import ChannelBack, ChannelLost, JoinRefused, JoinRequested, MemberBanned
from services.provisioning.channels.roster import MemberChange, RightsChange, note_member, note_request, note_rights
from services.provisioning.events import (
    AccessDelayed,
    AccessGranted,
    AccessSoldOut,
    ChecksDue,
    GrantChanged,
    ServerCheckDue,
)
from services.provisioning.follow import grant, withdraw
from services.provisioning.grants import AccessNotFound
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
from services.provisioning.rotate import rotate

__all__ = [
    "Access",
    "AccessDelayed",
    "AccessGranted",
    "AccessNotFound",
    "AccessSoldOut",
    "Artifact",
    "Capability",
    "ChannelBack",
    "ChannelLost",
    "ChecksDue",
    "Device",
    "GrantChanged",
    "Health",
    "JoinRefused",
    "JoinRequested",
    "MemberBanned",
    "MemberChange",
    "OutOfStock",
    "Provisioner",
    "RightsChange",
    "ServerCheckDue",
    "Unsupported",
    "access_of",
    "apply",
    "check_server",
    "grant",
    "is_inside",
    "missing_rights",
    "note_member",
    "note_request",
    "note_rights",
    "plan_checks",
    "qr_png",
    "rotate",
    "schedule_checks",
    "withdraw",
]
