"""Access equal to what was paid.

A subscription is owed a grant for each kind of access in its terms. Our database owns who has access until when; the
other side (a WireGuard server today) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the
port to one kind; its sealed secrets are revealed to their owner only."""

from services.provisioning.access import Access, access_of, qr_png
from services.provisioning.channels.api import is_inside, missing_rights
from services.provisioning.channels.events import ChannelBack, ChannelLost, JoinRefused, JoinRequested, MemberBanned
from services.provisioning.channels.roster import MemberChange, RightsChange, note_member, note_request, note_rights
from services.provisioning.events import AccessDelayed, AccessGranted, ServerCheckDue
from services.provisioning.grant import grant, withdraw
from services.provisioning.provisioners.base import OutOfStock, Provisioner
from services.provisioning.servers import check_server, schedule_server_checks
from services.provisioning.shorten import shorten

__all__ = [
    "Access",
    "AccessDelayed",
    "AccessGranted",
    "ChannelBack",
    "ChannelLost",
    "JoinRefused",
    "JoinRequested",
    "MemberBanned",
    "MemberChange",
    "OutOfStock",
    "Provisioner",
    "RightsChange",
    "ServerCheckDue",
    "access_of",
    "check_server",
    "grant",
    "is_inside",
    "missing_rights",
    "note_member",
    "note_request",
    "note_rights",
    "qr_png",
    "schedule_server_checks",
    "shorten",
    "withdraw",
]
