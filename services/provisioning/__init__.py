"""Access equal to what was paid.

A subscription is owed a grant for each good of its terms. Our database owns who has access until when; the other side
(a server, a panel, a chat) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the port to
one kind; what it gives is sealed, and revealed to its owner only."""

from services.provisioning.access import Access, access_of, qr_png
from services.provisioning.apply import apply
from services.provisioning.channels.answering import answer_join, decline_join, go_on
from services.provisioning.channels.api import is_inside, missing_rights
from services.provisioning.channels.events import (
    ChannelBack,
    ChannelLost,
    JoinRefused,
    JoinRequested,
    MemberBanned,
    MemberRemoved,
)
from services.provisioning.channels.roster import (
    MemberChange,
    RightsChange,
    note_member,
    note_request,
    note_rights,
    purge_roster,
)
from services.provisioning.events import (
    AccessDelayed,
    AccessGranted,
    AccessSoldOut,
    ChecksDue,
    GrantChanged,
    ServerCheckDue,
)
from services.provisioning.follow import grant, withdraw
from services.provisioning.grants import AccessNotFound, kind_of
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
    "MemberRemoved",
    "OutOfStock",
    "Provisioner",
    "RightsChange",
    "ServerCheckDue",
    "Unsupported",
    "access_of",
    "answer_join",
    "apply",
    "check_server",
    "decline_join",
    "go_on",
    "grant",
    "is_inside",
    "kind_of",
    "missing_rights",
    "note_member",
    "note_request",
    "note_rights",
    "plan_checks",
    "purge_roster",
    "qr_png",
    "rotate",
    "schedule_checks",
    "withdraw",
]
