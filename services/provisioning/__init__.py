"""Access equal to what was paid.

A subscription is owed a grant for each good of its terms. Our database owns who has access until when; the other side
(a server, a panel, a chat) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the port to
one kind; what it gives is sealed, and revealed to its owner only."""

from services.provisioning.access import Access, access_of, own_access, qr_png
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
from services.provisioning.channels.roster import MemberChange, RightsChange, note_member, note_request, note_rights
from services.provisioning.devices import devices, forget_device
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
from services.provisioning.grants import AccessNotFound, AccessNotReady
from services.provisioning.hints import look, purge_hints
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
from services.provisioning.remnawave.hear import hear_panel
from services.provisioning.rotate import rotate

__all__ = [
    "Access",
    "AccessDelayed",
    "AccessGranted",
    "AccessHinted",
    "AccessNotFound",
    "AccessNotReady",
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
    "Location",
    "LocationNotFound",
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
    "choose_location",
    "decline_join",
    "devices",
    "forget_device",
    "go_on",
    "grant",
    "hear_panel",
    "is_inside",
    "locations_for",
    "look",
    "missing_rights",
    "note_member",
    "note_request",
    "note_rights",
    "own_access",
    "plan_checks",
    "purge_hints",
    "qr_png",
    "rotate",
    "schedule_checks",
    "withdraw",
]
