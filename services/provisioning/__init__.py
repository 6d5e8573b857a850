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
from services.provisioning.channels.roster import MemberChange, RightsChange, note_member, note_request, note_rights
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
from services.provisioning.grants import AccessNotFound, kind_of
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
    "go_on",
    "grant",
    "hear_panel",
    "is_inside",
    "kind_of",
    "locations_for",
    "look",
    "missing_rights",
    "note_member",
    "note_request",
    "note_rights",
    "plan_checks",
    "purge_hints",
    "qr_png",
    "rotate",
    "schedule_checks",
    "withdraw",
]
