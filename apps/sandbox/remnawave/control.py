"""The switches of the sandbox's panel for tests and players, all in JSON (nothing of this exists at Remnawave).

A wrong order is answered 400 {"error": words}, an unknown user or squad 404. What is done by hand here is done as an
administrator of the panel would: webhooks tell of it."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import wraps
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.remnawave import devices, rules
from apps.sandbox.remnawave.api import Api
from apps.sandbox.remnawave.dates import stamp
from apps.sandbox.remnawave.errors import Invalid, Refused
from apps.sandbox.remnawave.faults import Fault
from apps.sandbox.remnawave.journal import Journal
from apps.sandbox.remnawave.panel import Panel
from apps.sandbox.remnawave.settings import VERSIONS
from apps.sandbox.remnawave.users import User

Endpoint = Callable[[Request], Awaitable[Response]]


class Missing(Exception):
    """There is no such thing; the text names it."""


class Control:
    def __init__(self, panel: Panel, api: Api, journal: Journal, first: dict[str, Any]) -> None:
        """`first` is the settings as they were before any switch."""
        self._panel, self._api, self._journal = panel, api, journal
        self._first = first

    def routes(self) -> list[Route]:
        table: tuple[tuple[str, Endpoint, list[str]], ...] = (
            ("/faults", self.faults, ["GET", "POST", "DELETE"]),
            ("/settings", self.settings, ["GET", "POST"]),
            ("/reset", self.reset, ["POST"]),
            ("/upgrade", self.upgrade, ["POST"]),
            ("/tokens", self.tokens, ["POST"]),
            ("/state", self.state, ["GET"]),
            ("/log", self.log, ["GET"]),
            ("/problems", self.problems, ["GET"]),
            ("/users", self.create, ["POST"]),
            ("/fill", self.fill, ["POST"]),
            ("/users/{username}", self.delete, ["DELETE"]),
            ("/users/{username}/disable", self.disable, ["POST"]),
            ("/users/{username}/enable", self.enable, ["POST"]),
            ("/users/{username}/traffic", self.traffic, ["POST"]),
            ("/users/{username}/devices", self.attach, ["POST"]),
            ("/squads", self.squad, ["POST"]),
            ("/squads/{uuid}", self.remove_squad, ["DELETE"]),
        )
        return [Route(path, explained(self._caught_up(endpoint)), methods=methods) for path, endpoint, methods in table]

    def _caught_up(self, endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def caught_up(request: Request) -> Response:
            self._api.catch_up()
            return await endpoint(request)

        return caught_up

    async def faults(self, request: Request) -> Response:
        """GET tells the fault on order, POST orders one in place of it, DELETE ends it."""
        if request.method == "POST":
            self._api.faults.ordered = Fault.from_json(await request.json())
        elif request.method == "DELETE":
            self._api.faults.ordered = None
        ordered = self._api.faults.ordered
        return JSONResponse(asdict(ordered) if ordered else {"mode": None})

    async def settings(self, request: Request) -> Response:
        """GET tells them, POST changes some."""
        if request.method == "POST":
            self._change(await request.json())
        return JSONResponse(self._panel.settings.as_json())

    async def reset(self, request: Request) -> Response:
        """A new panel: nobody is told, ids go on."""
        self._panel.clear()
        self._api.faults.ordered = None
        self._panel.settings.change(self._first)
        self._journal.put("settings", "changed", None)
        return JSONResponse({"users": 0})

    async def upgrade(self, request: Request) -> Response:
        """{"dialect": "3"} or {"version": "3.3.2"}: the same users by other keys."""
        order = order_of(await request.json(), {"dialect", "version"})
        version = order.get("version") or VERSIONS.get(str(order.get("dialect")))
        if version is None:
            raise ValueError("expected a dialect, 2 or 3, or a version")
        self._change({"version": version})
        return JSONResponse({"version": self._panel.settings.version})

    async def tokens(self, request: Request) -> Response:
        """{"token", "expires_at"?: ISO or null, "scopes"?: ["*"], "revoked"?: false} -> the tokens."""
        order = order_of(await request.json(), {"token", "expires_at", "scopes", "revoked"})
        name = order.get("token")
        if not name or not isinstance(name, str):
            raise ValueError("token must be a text")
        tokens = {one: what for one, what in self._panel.settings.tokens.items() if one != name}
        if not order.get("revoked"):
            tokens[name] = {"expires_at": order.get("expires_at"), "scopes": order.get("scopes", ["*"])}
        self._change({"tokens": tokens})
        return JSONResponse({"tokens": tokens})

    async def state(self, request: Request) -> Response:
        """Everything: each user with id, uuid and devices whatever the dialect."""
        panel = self._panel
        users = [self._whole(user) for user in panel.users]
        return JSONResponse(
            {
                "dialect": panel.settings.dialect,
                "version": panel.settings.version,
                "now": stamp(panel.now()),
                "users": users,
                "squads": list(panel.squads),
            }
        )

    async def log(self, request: Request) -> Response:
        return JSONResponse({"requests": list(self._api.log)})

    async def problems(self, request: Request) -> Response:
        return JSONResponse({"problems": list(self._api.problems)})

    async def create(self, request: Request) -> Response:
        """A user by hand, or of another shop: the body is that of POST /api/users."""
        fields = rules.create(self._panel.settings)
        given = rules.check(await request.json(), fields, ("username", "expireAt"))
        return JSONResponse(self._whole(self._panel.create(given)))

    async def fill(self, request: Request) -> Response:
        """{"count": n, "prefix"?: "fill-", "expireAt": ISO, "telegramId"?} -> fill-0 and on; or {"users": bodies}.

        Nobody is told."""
        order = order_of(await request.json(), {"count", "prefix", "expireAt", "telegramId", "users"})
        if "users" in order:
            known = rules.create(self._panel.settings)
            self._panel.create_all([rules.check(one, known, ("username", "expireAt")) for one in order["users"]])
            return JSONResponse({"users": len(self._panel.users)})
        count, prefix = order.pop("count", None), order.pop("prefix", "fill-")
        if type(count) is not int or not 0 < count <= 100_000:
            raise ValueError("count must be a whole number, at most 100000")
        fields = rules.create(self._panel.settings)
        required = ("username", "expireAt")
        bodies = [rules.check({"username": f"{prefix}{number}", **order}, fields, required) for number in range(count)]
        self._panel.create_all(bodies)
        return JSONResponse({"users": len(self._panel.users)})

    async def delete(self, request: Request) -> Response:
        user = self._user(request)
        self._panel.delete(user)
        return JSONResponse({"deleted": user["username"]})

    async def disable(self, request: Request) -> Response:
        return JSONResponse(self._whole(self._panel.disable(self._user(request))))

    async def enable(self, request: Request) -> Response:
        return JSONResponse(self._whole(self._panel.enable(self._user(request))))

    async def traffic(self, request: Request) -> Response:
        """{"bytes": n} -> they go through a server."""
        amount = order_of(await request.json(), {"bytes"}).get("bytes")
        if type(amount) is not int or amount < 0:
            raise ValueError("bytes must be a whole number")
        return JSONResponse(self._whole(self._panel.use(self._user(request), amount)))

    async def attach(self, request: Request) -> Response:
        """{"hwid", and what the app says of itself} -> a device more, whatever the limit."""
        order = order_of(await request.json(), {"hwid", *devices.ABOUT})
        hwid = str(order.pop("hwid", ""))
        if not rules.HWID.fullmatch(hwid):
            raise ValueError(f"hwid must match {rules.HWID.pattern}")
        user = self._user(request)
        devices.attach(self._panel, user, hwid, {name: str(value) for name, value in order.items()})
        return JSONResponse(self._whole(user))

    async def squad(self, request: Request) -> Response:
        """{"name", "uuid"?} -> a squad more."""
        order = order_of(await request.json(), {"name", "uuid"})
        uuid = rules.check({"uuid": order.get("uuid") or str(uuid4())}, {"uuid": rules.uuid})["uuid"]
        self._panel.squads.add(uuid, str(order.get("name", uuid)), stamp(self._panel.now()))
        return JSONResponse({"uuid": uuid})

    async def remove_squad(self, request: Request) -> Response:
        uuid = request.path_params["uuid"]
        if self._panel.squads.missing([uuid]):
            raise Missing(f"squad {uuid}")
        self._panel.remove_squad(uuid)
        return JSONResponse({"removed": uuid})

    def _change(self, data: Any) -> None:
        self._panel.settings.change(data)
        self._journal.put("settings", "changed", {**self._journal.of("settings").get("changed", {}), **data})

    def _user(self, request: Request) -> User:
        name = request.path_params["username"]
        user = self._panel.users.find("username", name)
        if user is None:
            raise Missing(f"user {name}")
        return user

    def _whole(self, user: User) -> dict[str, Any]:
        shown = self._panel.shapes.user(user)
        return {**shown, "id": user["id"], "uuid": user["uuid"], "devices": list(user["devices"].values())}


def explained(endpoint: Endpoint) -> Endpoint:
    """Answer a wrong order in words instead of a server error."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Missing as missing:
            return JSONResponse({"error": f"there is no {missing}"}, 404)
        except Refused as refused:
            return JSONResponse({"error": refused.message}, 400)
        except (ValueError, Invalid) as problem:
            return JSONResponse({"error": str(problem)}, 400)

    return answered


def order_of(data: Any, known: set[str]) -> dict[str, Any]:
    """Raises ValueError, in words, when it is no object of known fields."""
    if not isinstance(data, dict) or set(data) - known:
        raise ValueError(f"expected an object with some of: {', '.join(sorted(known))}")
    return dict(data)
