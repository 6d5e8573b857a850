"""Channels and supergroups: who is in them, who comes and goes, and what the bot hears of it."""

import secrets
from typing import Any

from apps.sandbox.telegram import channel_shapes
from apps.sandbox.telegram.people import NotAllowed
from apps.sandbox.telegram.store import Channel, Person
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

INSIDE = ("creator", "administrator", "member")
SHORTEST_BAN, LONGEST_BAN = 30, 366 * 24 * 3600  # seconds; shorter and longer ones are for ever (banChatMember)
OPEN_SECONDS = 5 * 60  # how long the bot may write to who has asked to join (ChatJoinRequest, user_chat_id)
_LEFT: Json = {"status": "left"}


def create(world: World, kind: str, title: str, owner: Person) -> Channel:
    """A new one of `kind` "channel" or "supergroup", without the bot."""
    state = world.store.state
    channel = Channel(state.next_channel_id, kind, title, {owner.id: {"status": "creator"}})
    state.next_channel_id -= 1
    state.channels[channel.id] = channel
    world.store.save()
    return channel


def create_private_channel(world: World) -> Channel:
    """One with an owner of its own, where the bot is an administrator with all rights."""
    owner = world.store.add_person({"first_name": "Olena", "last_name": "(owns the channel)", "language_code": "uk"})
    channel = create(world, "channel", "Kiosk: the private channel", owner)
    set_bot(world, channel, owner.user, list(channel_shapes.rights_of(channel)))
    return channel


def user_of(world: World, user_id: int) -> Json | None:
    """User of a person or of the bot."""
    if user_id == world.bot["id"]:
        return world.bot
    person = world.store.state.people.get(user_id)
    return None if person is None else person.user


def state_of(world: World, channel: Channel, user_id: int) -> Json:
    """What somebody is there now: a ban whose time is over is none."""
    state = channel.members.get(user_id, _LEFT)
    until = state.get("until_date", 0)
    return _LEFT if state["status"] == "kicked" and 0 < until <= world.now().timestamp() else state


def is_inside(state: Json) -> bool:
    """Whether such a member is in the chat."""
    return state["status"] in INSIDE or bool(state.get("is_member"))


def count(world: World, channel: Channel) -> int:
    """How many are in it."""
    return sum(is_inside(state_of(world, channel, user_id)) for user_id in channel.members)


def bot_may(world: World, channel: Channel, right: str | None = None) -> bool:
    """Whether the bot is an administrator with this right."""
    state = state_of(world, channel, world.bot["id"])
    return state["status"] == "administrator" and (right is None or right in state["rights"])


def put(world: World, channel: Channel, user_id: int, state: Json, by: Json, link: Json | None = None) -> None:
    """Makes somebody what `state` says, by the hand of `by`, and tells the bot if it may know."""
    user = user_of(world, user_id)
    if user is None:
        raise NotAllowed("there is no such user")
    old = channel_shapes.member(channel, user, state_of(world, channel, user_id))
    channel.members[user_id] = state
    if is_inside(state) or state["status"] == "kicked":
        _forget_request(world, channel, user_id)
    new = channel_shapes.member(channel, user, state)
    world.store.save()
    if old == new:
        return
    shown = None if link is None else link_as_seen(world, channel, link)
    change = channel_shapes.member_updated(channel_shapes.chat(channel), by, world.now(), old, new, shown)
    if user_id == world.bot["id"]:
        world.updates.push("my_chat_member", change)
    elif bot_may(world, channel):
        world.updates.push("chat_member", change)


def set_bot(world: World, channel: Channel, by: Json, rights: list[str] | None, status: str = "left") -> None:
    """Makes the bot an administrator with these rights, or (None) what `status` says."""
    unknown = set(rights or ()) - set(channel_shapes.rights_of(channel))
    if unknown:
        raise NotAllowed(f"no such rights: {', '.join(sorted(unknown))}")
    state = {"status": status} if rights is None else {"status": "administrator", "rights": sorted(rights)}
    put(world, channel, world.bot["id"], state, by)


def add_link(world: World, channel: Channel, creator: Json, wanted: Json) -> Json:
    """A new invite link with what `wanted` has of name, expire_date, member_limit and creates_join_request."""
    key = secrets.token_urlsafe(12)
    link = {
        "hash": key,
        "url": f"{world.address.url}/+{key}",
        "creator": creator["id"],
        "is_revoked": False,
        "creates_join_request": bool(wanted.get("creates_join_request")),
        **{name: wanted[name] for name in ("name", "expire_date", "member_limit") if wanted.get(name)},
    }
    channel.links[key] = link
    world.store.save()
    return link


def link_as_seen(world: World, channel: Channel, link: Json) -> Json:
    """ChatInviteLink as the bot gets it."""
    creator = user_of(world, link["creator"]) or world.bot
    pending = sum(request["hash"] == link["hash"] for request in channel.requests.values())
    whole = creator["id"] == world.bot["id"]
    return channel_shapes.invite_link(link, creator, pending, whole=whole)


def by_hash(world: World, key: str) -> tuple[Channel, Json]:
    """The chat and the link of an address. Raises NotAllowed."""
    for channel in world.store.state.channels.values():
        if key in channel.links:
            return channel, channel.links[key]
    raise NotAllowed("this invite link is invalid")


def join(world: World, key: str, person: Person) -> str:
    """The person opens an invite link and taps Join. Returns "member", or "requested" where somebody must agree.

    Raises NotAllowed."""
    channel, link = by_hash(world, key)
    state = state_of(world, channel, person.id)
    if is_inside(state):
        raise NotAllowed("you are in already")
    if (
        link["is_revoked"]
        or 0 < link.get("expire_date", 0) <= world.now().timestamp()
        or _is_full(world, channel, link)
    ):
        raise NotAllowed("this invite link has expired")
    if state["status"] == "kicked":
        raise NotAllowed("you are banned there")
    if not link["creates_join_request"]:
        put(world, channel, person.id, {"status": "member", "link": key}, person.user, link)
        return "member"
    if person.id in channel.requests:
        raise NotAllowed("you have asked to join already")
    now = int(world.now().timestamp())
    channel.requests[person.id] = {"hash": key, "date": now}
    world.store.save()
    if bot_may(world, channel, "can_invite_users"):
        person.open_until = now + OPEN_SECONDS
        shown = link_as_seen(world, channel, link)
        request = channel_shapes.join_request(channel_shapes.chat(channel), person.user, now, shown)
        world.updates.push("chat_join_request", request)
    return "requested"


def decide(world: World, channel: Channel, user_id: int, by: Json, *, approve: bool) -> None:
    """Lets in who has asked, or not. The request must be there."""
    link = channel.links[channel.requests[user_id]["hash"]]
    _forget_request(world, channel, user_id)
    if approve:
        put(world, channel, user_id, {"status": "member", "link": link["hash"]}, by, link)


def leave(world: World, channel: Channel, person: Person) -> None:
    """The person leaves. Raises NotAllowed."""
    if not is_inside(state_of(world, channel, person.id)):
        raise NotAllowed("you are not in")
    if state_of(world, channel, person.id)["status"] == "creator":
        raise NotAllowed("the owner stays")
    put(world, channel, person.id, dict(_LEFT), person.user)


def ban(world: World, channel: Channel, user_id: int, until: int, by: Json) -> None:
    """Out, and not in again before `until` (seconds since the epoch; too near or too far means never)."""
    seconds = until - world.now().timestamp()
    kept = until if SHORTEST_BAN <= seconds <= LONGEST_BAN else 0
    put(world, channel, user_id, {"status": "kicked", "until_date": kept}, by)


def unban(world: World, channel: Channel, user_id: int, by: Json) -> None:
    """Whoever is banned may come again; whoever is in is out, and may come again."""
    if is_inside(state_of(world, channel, user_id)):
        put(world, channel, user_id, {"status": "kicked", "until_date": 0}, by)
    if state_of(world, channel, user_id)["status"] == "kicked":
        put(world, channel, user_id, dict(_LEFT), by)


def _is_full(world: World, channel: Channel, link: Json) -> bool:
    came = [user for user, state in channel.members.items() if state.get("link") == link["hash"]]
    inside = sum(is_inside(state_of(world, channel, user)) for user in came)
    limit: int = link.get("member_limit", 0)
    return 0 < limit <= inside


def _forget_request(world: World, channel: Channel, user_id: int) -> None:
    if channel.requests.pop(user_id, None) is not None and user_id in world.store.state.people:
        world.store.state.people[user_id].open_until = 0
    world.store.save()
