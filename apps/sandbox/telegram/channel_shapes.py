"""Shapes of channels, supergroups and who is in them (Telegram Bot API 10.3, "Available types"), as plain JSON."""

from datetime import datetime
from typing import Any

from apps.sandbox.telegram.store import Channel

Json = dict[str, Any]

RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_promote_members",
    "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
    "can_send_welcome_messages",
)  # fmt: skip
_CHANNEL_RIGHTS = ("can_post_messages", "can_edit_messages", "can_manage_direct_messages")
_GROUP_RIGHTS = ("can_pin_messages", "can_manage_topics", "can_manage_tags")
_PERMISSIONS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_react_to_messages", "can_edit_tag", "can_change_info", "can_invite_users",
    "can_pin_messages", "can_manage_topics",
)  # fmt: skip


def chat(channel: Channel) -> Json:
    """Chat."""
    return {"id": channel.id, "type": channel.type, "title": channel.title}


def full_chat(channel: Channel) -> Json:
    """ChatFullInfo, the answer of getChat."""
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    return {
        **chat(channel),
        "accent_color_id": -channel.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, channel.type == "channel"),
    }


def rights_of(channel: Channel) -> tuple[str, ...]:
    """All that an administrator may be allowed there."""
    return RIGHTS + (_CHANNEL_RIGHTS if channel.type == "channel" else _GROUP_RIGHTS)


def member(channel: Channel, user: Json, state: Json) -> Json:
    """ChatMember. `state` is kept by the channel: status, and rights, until_date or is_member."""
    status = state["status"]
    shown: Json = {"user": user, "status": status}
    if status == "creator":
        shown |= {"is_anonymous": False}
    elif status == "administrator":
        shown |= {"can_be_edited": False, "is_anonymous": False}
        shown |= {right: right in state["rights"] for right in rights_of(channel)}
    elif status == "restricted":
        shown |= {"is_member": state["is_member"], **dict.fromkeys(_PERMISSIONS, False)}
    if status in ("restricted", "kicked"):
        shown["until_date"] = state.get("until_date", 0)
    return shown


def invite_link(link: Json, creator: Json, pending: int, *, whole: bool = True) -> Json:
    """ChatInviteLink. A bot sees the links of others without their second half."""
    address = link["url"]
    return {
        "invite_link": address if whole else f"{address[:-8]}…",
        "creator": creator,
        "creates_join_request": link["creates_join_request"],
        "is_primary": False,
        "is_revoked": link["is_revoked"],
        **({"pending_join_request_count": pending} if pending else {}),
        **{name: link[name] for name in ("name", "expire_date", "member_limit") if link.get(name)},
    }


def member_updated(about: Json, by: Json, date: datetime, old: Json, new: Json, link: Json | None) -> Json:
    """ChatMemberUpdated: `by` has changed a member of the chat `about`, or has come by `link`."""
    told = {"chat": about, "from": by, "date": int(date.timestamp()), "old_chat_member": old, "new_chat_member": new}
    return told if link is None else {**told, "invite_link": link}


def join_request(about: Json, who: Json, date: int, link: Json) -> Json:
    """ChatJoinRequest."""
    return {"chat": about, "from": who, "user_chat_id": who["id"], "date": date, "invite_link": link}
