"""The control API of channels and supergroups, used by the chat page and by tests. JSON under `chat/api`."""

from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.telegram import channel_shapes, channels
from apps.sandbox.telegram.errors import ApiError
from apps.sandbox.telegram.people import NotAllowed
from apps.sandbox.telegram.routing import body_of, person_of, route
from apps.sandbox.telegram.store import Channel
from apps.sandbox.telegram.world import World

Json = dict[str, Any]


class ChannelsApi:
    """What their owners do in them, and how people come and go."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes below `chat/api`."""
        one, person = "/channels/{channel}", "/users/{id:int}"
        return [
            route("/channels", self.list_all, "GET"),
            route("/channels", self.add, "POST"),
            route(f"{one}/members/{{user:int}}", self.put_member, "POST"),
            route(f"{one}/requests/{{user:int}}", self.decide, "POST"),
            route(f"{one}/links", self.add_link, "POST"),
            route("/invites/{hash}", self.invite, "GET"),
            route(f"{person}/channels", self.list_own, "GET"),
            route(f"{person}/join", self.join, "POST"),
            route(f"{person}/leave", self.leave, "POST"),
        ]

    async def list_all(self, _request: Request) -> Response:
        """[{"id", "type", "title", "members": [ChatMember], "requests": [user id], "links": [ChatInviteLink]}], also of
        those who are not in any more."""
        return JSONResponse([self._shown(channel) for channel in self._world.store.state.channels.values()])

    async def add(self, request: Request) -> Response:
        """{"title", "owner": user id, "type"? "channel"|"supergroup", "bot"? true: an administrator with all rights}
        -> the channel as listed."""
        body = await body_of(request, "title", "owner")
        owner = self._world.store.chat(body["owner"])
        kind = body.get("type", "channel")
        if kind not in ("channel", "supergroup"):
            raise NotAllowed("type is channel or supergroup")
        channel = channels.create(self._world, kind, body["title"], owner)
        if body.get("bot", True):
            channels.set_bot(self._world, channel, owner.user, list(channel_shapes.rights_of(channel)))
        return JSONResponse(self._shown(channel), 201)

    async def put_member(self, request: Request) -> Response:
        """{"status", "rights"?: [names] (administrator; all of them), "until_date"?, "is_member"?} -> ChatMember.

        The owner's own hand: the person, or the bot, is that from now on."""
        channel, user_id = self._channel(request), request.path_params["user"]
        body = await body_of(request, "status")
        owner = self._owner(channel)
        if body["status"] == "administrator":
            rights = body.get("rights", list(channel_shapes.rights_of(channel)))
            state: Json = {"status": "administrator", "rights": sorted(rights)}
        else:
            state = {"status": body["status"], **{n: body[n] for n in ("until_date", "is_member") if n in body}}
        if state["status"] not in ("administrator", "member", "restricted", "left", "kicked"):
            raise NotAllowed("status is administrator, member, restricted, left or kicked")
        if state["status"] == "restricted":
            state.setdefault("is_member", True)
        channels.put(self._world, channel, user_id, state, owner)
        user = channels.user_of(self._world, user_id)
        assert user is not None
        return JSONResponse(channel_shapes.member(channel, user, state))

    async def decide(self, request: Request) -> Response:
        """{"approve": true|false}: the owner answers a request to join, past the bot. -> {}"""
        channel, user_id = self._channel(request), request.path_params["user"]
        body = await body_of(request, "approve")
        if user_id not in channel.requests:
            raise NotAllowed("there is no such request")
        channels.decide(self._world, channel, user_id, self._owner(channel), approve=bool(body["approve"]))
        return JSONResponse({})

    async def add_link(self, request: Request) -> Response:
        """An invite link made by the owner; as createChatInviteLink -> {"invite_link"}, whole."""
        channel = self._channel(request)
        self._world.address.url = self._world.address.url or _root(request)
        link = channels.add_link(self._world, channel, self._owner(channel), await body_of(request))
        return JSONResponse({"invite_link": link["url"]}, 201)

    async def invite(self, request: Request) -> Response:
        """What a link leads to: {"title", "type", "members", "creates_join_request"}."""
        channel, link = channels.by_hash(self._world, request.path_params["hash"])
        about = {"title": channel.title, "type": channel.type, "members": channels.count(self._world, channel)}
        return JSONResponse({**about, "creates_join_request": link["creates_join_request"]})

    async def list_own(self, request: Request) -> Response:
        """[{"id", "type", "title", "members": how many, "status", "asked": waits to be let in, "bot": {"id",
        "status", "rights"}}] of every chat that the person is or was in, or has asked to join."""
        person = person_of(self._world, request)
        return JSONResponse(
            [
                self._as_seen_by(person.id, channel)
                for channel in self._world.store.state.channels.values()
                if person.id in channel.members or person.id in channel.requests
            ]
        )

    async def join(self, request: Request) -> Response:
        """{"link": the whole address} -> {"status": "member"|"requested"}."""
        person = person_of(self._world, request)
        body = await body_of(request, "link")
        key = unquote(urlsplit(str(body["link"])).path.rpartition("/")[2]).removeprefix("+")
        return JSONResponse({"status": channels.join(self._world, key, person)})

    async def leave(self, request: Request) -> Response:
        """{"channel"} -> {}"""
        person = person_of(self._world, request)
        body = await body_of(request, "channel")
        channels.leave(self._world, self._found(int(body["channel"])), person)
        return JSONResponse({})

    def _channel(self, request: Request) -> Channel:
        try:
            return self._found(int(request.path_params["channel"]))
        except ValueError:
            raise ApiError(404, "there is no such channel") from None

    def _found(self, channel_id: int) -> Channel:
        channel = self._world.store.state.channels.get(channel_id)
        if channel is None:
            raise ApiError(404, "there is no such channel")
        return channel

    def _owner(self, channel: Channel) -> Json:
        owner = next(user for user, state in channel.members.items() if state["status"] == "creator")
        return self._world.store.state.people[owner].user

    def _shown(self, channel: Channel) -> Json:
        users = {user_id: channels.user_of(self._world, user_id) for user_id in channel.members}
        members = [
            channel_shapes.member(channel, user, channels.state_of(self._world, channel, user_id))
            for user_id, user in users.items()
            if user is not None
        ]
        links = [channels.link_as_seen(self._world, channel, link) for link in channel.links.values()]
        return {**channel_shapes.chat(channel), "members": members, "requests": list(channel.requests), "links": links}

    def _as_seen_by(self, user_id: int, channel: Channel) -> Json:
        bot = channels.state_of(self._world, channel, self._world.bot["id"])
        return {
            **channel_shapes.chat(channel),
            "members": channels.count(self._world, channel),
            "status": channels.state_of(self._world, channel, user_id)["status"],
            "asked": user_id in channel.requests,
            "bot": {"id": self._world.bot["id"], "status": bot["status"], "rights": bot.get("rights", [])},
        }


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path'].removesuffix('/chat/api')}"
