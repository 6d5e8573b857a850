"""Channels and supergroups, as their bot administrator asks and acts. The refusals are worded as Telegram's are."""

from collections.abc import Mapping
from typing import Any

from apps.sandbox.telegram import channel_shapes, channels
from apps.sandbox.telegram.errors import ApiError, bad_request
from apps.sandbox.telegram.files import Upload
from apps.sandbox.telegram.store import Channel
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

_INVITES = "can_invite_users"


async def get_chat_member(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, getChatMember: of others only where the bot is an administrator (or in a supergroup)."""
    channel, user_id = reached(world, args["chat_id"]), args["user_id"]
    if channel.type == "channel" and user_id != world.bot["id"]:
        _see_members(world, channel)
    user = channels.user_of(world, user_id)
    if user is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return channel_shapes.member(channel, user, channels.state_of(world, channel, user_id))


async def get_chat_administrators(world: World, args: Json, _uploads: Mapping[str, Upload]) -> list[Json]:
    """Telegram Bot API, getChatAdministrators."""
    channel = reached(world, args["chat_id"])
    if channel.type == "channel":
        _see_members(world, channel)
    states = {user_id: channels.state_of(world, channel, user_id) for user_id in channel.members}
    return [
        channel_shapes.member(channel, user, state)
        for user_id, state in states.items()
        if state["status"] in ("creator", "administrator") and (user := channels.user_of(world, user_id)) is not None
    ]


async def get_chat_member_count(world: World, args: Json, _uploads: Mapping[str, Upload]) -> int:
    """Telegram Bot API, getChatMemberCount."""
    return channels.count(world, reached(world, args["chat_id"]))


async def create_chat_invite_link(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, createChatInviteLink. Where Telegram has https://t.me/+HASH, this one leads to the sandbox."""
    channel = reached(world, args["chat_id"])
    _require(world, channel, _INVITES, "manage chat invite link")
    if 0 < args.get("expire_date", 0) <= world.now().timestamp():
        raise bad_request("EXPIRE_DATE_INVALID")
    return channels.link_as_seen(world, channel, channels.add_link(world, channel, world.bot, args))


async def revoke_chat_invite_link(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, revokeChatInviteLink: of the bot's own ones; once."""
    channel = reached(world, args["chat_id"])
    _require(world, channel, _INVITES, "manage chat invite link")
    own = (link for link in channel.links.values() if link["creator"] == world.bot["id"])
    link = next((link for link in own if link["url"] == args["invite_link"]), None)
    if link is None or link["is_revoked"]:
        raise bad_request("INVITE_HASH_EXPIRED")
    link["is_revoked"] = True
    world.store.save()
    return channels.link_as_seen(world, channel, link)


async def approve_chat_join_request(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, approveChatJoinRequest."""
    return _decide(world, args, approve=True)


async def decline_chat_join_request(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, declineChatJoinRequest."""
    return _decide(world, args, approve=False)


async def ban_chat_member(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, banChatMember."""
    channel = _restricting(world, args)
    channels.ban(world, channel, args["user_id"], args.get("until_date", 0), world.bot)
    return True


async def unban_chat_member(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, unbanChatMember: it removes who is in, unless only_if_banned."""
    channel = _restricting(world, args)
    state = channels.state_of(world, channel, args["user_id"])
    if state["status"] == "kicked" or not args.get("only_if_banned"):
        channels.unban(world, channel, args["user_id"], world.bot)
    return True


def reached(world: World, chat_id: int | str) -> Channel:
    """The chat a bot names by id, if the bot is in it. Raises ApiError 400 or 403."""
    channel = world.store.state.channels.get(chat_id) if isinstance(chat_id, int) else None
    if channel is None or world.bot["id"] not in channel.members:
        raise bad_request("chat not found")
    state = channels.state_of(world, channel, world.bot["id"])
    if state["status"] == "kicked":
        raise ApiError(403, f"Forbidden: bot was kicked from the {channel.type} chat")
    if not channels.is_inside(state):
        raise ApiError(403, f"Forbidden: bot is not a member of the {channel.type} chat")
    return channel


def _see_members(world: World, channel: Channel) -> None:
    if not channels.bot_may(world, channel):
        raise bad_request("member list is inaccessible")


def _require(world: World, channel: Channel, right: str, to_do: str) -> None:
    if not channels.bot_may(world, channel, right):
        raise bad_request(f"not enough rights to {to_do}")


def _decide(world: World, args: Json, *, approve: bool) -> bool:
    channel, user_id = reached(world, args["chat_id"]), args["user_id"]
    _require(world, channel, _INVITES, "manage chat join requests")
    if channels.is_inside(channels.state_of(world, channel, user_id)):
        raise bad_request("USER_ALREADY_PARTICIPANT")
    if user_id not in channel.requests:
        raise bad_request("HIDE_REQUESTER_MISSING")
    channels.decide(world, channel, user_id, world.bot, approve=approve)
    return True


def _restricting(world: World, args: Json) -> Channel:
    """The chat whose member is to be banned or let in again, if that may be. Raises ApiError."""
    channel, user_id = reached(world, args["chat_id"]), args["user_id"]
    if user_id == world.bot["id"]:
        raise bad_request("can't restrict self")
    if channels.user_of(world, user_id) is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    _require(world, channel, "can_restrict_members", "restrict/unrestrict chat member")
    status = channels.state_of(world, channel, user_id)["status"]
    if status == "creator":
        raise bad_request("can't remove chat owner")
    if status == "administrator":
        raise bad_request("user is an administrator of the chat")
    return channel
