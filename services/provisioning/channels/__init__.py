"""Private channels and groups of Telegram: who may be let in, who is in, and what the bot may do there."""

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

__all__ = [
    "ChannelBack",
    "ChannelLost",
    "JoinRefused",
    "JoinRequested",
    "MemberBanned",
    "MemberChange",
    "MemberRemoved",
    "RightsChange",
    "answer_join",
    "decline_join",
    "go_on",
    "is_inside",
    "missing_rights",
    "note_member",
    "note_request",
    "note_rights",
    "purge_roster",
]
