"""The panel's endpoints of both dialects: which path does what, and what it takes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.sandbox.remnawave import devices, rules
from apps.sandbox.remnawave.call import Call, found
from apps.sandbox.remnawave.errors import Invalid, NoRoute

NOTHING = object()  # 204 without a body
BATCH = 500  # the most users of one page, or of one bulk


def create(call: Call) -> Any:
    fields = rules.create(call.panel.settings)
    return call.shown(call.panel.create(call.taken(fields, "username", "expireAt")))


def update(call: Call) -> Any:
    settings = call.panel.settings
    given = call.taken(rules.update(settings, call.panel.now()))
    for name in (settings.key, "username"):
        if name in given:
            user = found(call.panel.users.find(name, given[name]), "A025")
            return call.shown(call.panel.update(user, given))
    message = f"Either {settings.key} or username must be provided"
    raise Invalid([{"code": "custom", "path": [], "message": message}])


def read(call: Call) -> Any:
    return call.shown(call.user("A063"))


def by_username(call: Call) -> Any:
    return call.shown(found(call.panel.users.find("username", call.parts["name"])))


def by_short_uuid(call: Call) -> Any:
    return call.shown(found(call.panel.users.find("shortUuid", call.parts["name"])))


def by_telegram_id(call: Call) -> Any:
    number = rules.check(call.parts, {"name": rules.digits})["name"]
    return [call.shown(user) for user in call.panel.users.by_telegram(number)]


def stream(call: Call) -> Any:
    size, after = call.number("size", 1, 1000, 100), call.number("cursor", 0, 10**15, 0)
    users = call.panel.users
    if "telegramId" in call.query:
        telegram_id = rules.check(call.query, {"telegramId": rules.digits})["telegramId"]
        some = [user for user in users.by_telegram(telegram_id) if user["id"] > after][: size + 1]
    else:
        some = users.after(after, size + 1)
    more, some = len(some) > size, some[:size]
    next_cursor = str(some[-1]["id"]) if more else None
    return {"users": [call.shown(user) for user in some], "nextCursor": next_cursor, "hasMore": more}


def page(call: Call) -> Any:
    start, size = call.number("start", 0, 10**9, 0), call.number("size", 1, BATCH, 25)
    users = call.panel.users
    return {"users": [call.shown(user) for user in users.page(start, size)], "total": len(users)}


def resolve(call: Call) -> Any:
    names: dict[str, rules.Field] = {"id": rules.whole(1), "shortUuid": rules.text(), "username": rules.text()}
    if not call.three:
        names["uuid"] = rules.uuid
    given = call.taken(names)
    if len(given) != 1:
        message = f"Exactly one of {', '.join(names)} must be provided"
        raise Invalid([{"code": "custom", "path": [], "message": message}])
    user = found(call.panel.users.find(*next(iter(given.items()))))
    shown = ("id", "username", "shortUuid") if call.three else ("uuid", "id", "username", "shortUuid")
    return {name: user[name] for name in shown}


def delete(call: Call) -> Any:
    call.panel.delete(call.user())
    return NOTHING if call.three else {"isDeleted": True}


def enable(call: Call) -> Any:
    return call.shown(call.panel.enable(call.user()))


def disable(call: Call) -> Any:
    return call.shown(call.panel.disable(call.user()))


def reset_traffic(call: Call) -> Any:
    return call.shown(call.panel.reset_traffic(call.user()))


def revoke(call: Call) -> Any:
    short = rules.short_uuid(call.panel.settings)
    given = call.taken({"revokeOnlyPasswords": rules.boolean, "shortUuid": short})
    only_passwords = given.get("revokeOnlyPasswords", False)
    return call.shown(call.panel.revoke(call.user(), only_passwords=only_passwords, short=given.get("shortUuid")))


def extend(call: Call) -> Any:
    given = call.taken({"days": rules.whole(1, 9999)}, "days")
    return call.shown(call.panel.extend(call.user(), given["days"]))


def bulk(name: str) -> Callable[[Call], Any]:
    """Takes the order and answers at once; the work is done later."""

    def endpoint(call: Call) -> Any:
        return call.bulk.order(name, call.body)

    return endpoint


def squads(call: Call) -> Any:
    return call.panel.shapes.squads(call.panel.users)


def metadata(call: Call) -> Any:
    build = {"time": "2026-08-20T00:00:00.000Z", "number": "1"}
    return {"version": call.panel.settings.version, "build": build}


@dataclass(frozen=True)
class Endpoint:
    """`scope` is what a token must have, `dialects` are those which know the endpoint."""

    method: str
    path: re.Pattern[str]
    scope: str
    do: Callable[[Call], Any]
    status: int = 200
    dialects: str = "23"


def _at(
    method: str, path: str, scope: str, do: Callable[[Call], Any], status: int = 200, dialects: str = "23"
) -> Endpoint:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return Endpoint(method, re.compile(pattern), scope, do, status, dialects)


ENDPOINTS = (
    _at("POST", "/users", "users:create", create, 201),
    _at("PATCH", "/users", "users:update", update),
    _at("GET", "/users", "users:list", page),
    _at("GET", "/users/stream", "users:list", stream, dialects="3"),
    _at("GET", "/users/by-username/{name}", "users:get", by_username),
    _at("GET", "/users/by-short-uuid/{name}", "users:get", by_short_uuid),
    _at("GET", "/users/by-telegram-id/{name}", "users:get", by_telegram_id, dialects="2"),
    _at("POST", "/users/resolve", "users:get", resolve),
    _at("POST", "/users/bulk/update", "users:bulk", bulk("update")),
    _at("POST", "/users/bulk/extend-expiration-date", "users:bulk", bulk("extend")),
    _at("POST", "/users/bulk/delete", "users:bulk", bulk("delete")),
    _at("POST", "/users/bulk/reset-traffic", "users:bulk", bulk("reset_traffic")),
    _at("GET", "/users/{k}", "users:get", read),
    _at("DELETE", "/users/{k}", "users:delete", delete),
    _at("POST", "/users/{k}/actions/enable", "users:actions", enable),
    _at("POST", "/users/{k}/actions/disable", "users:actions", disable),
    _at("POST", "/users/{k}/actions/reset-traffic", "users:actions", reset_traffic),
    _at("POST", "/users/{k}/actions/revoke", "users:actions", revoke),
    _at("POST", "/users/{k}/actions/extend", "users:actions", extend, dialects="3"),
    _at("POST", "/hwid/devices", "hwid:create", devices.create),
    _at("POST", "/hwid/devices/delete", "hwid:delete", devices.delete),
    _at("POST", "/hwid/devices/delete-all", "hwid:delete", devices.delete_all),
    _at("GET", "/hwid/devices/{k}", "hwid:get", devices.read),
    _at("GET", "/internal-squads", "internal-squads:list", squads),
    _at("GET", "/system/metadata", "system:get", metadata, dialects="3"),
)


def endpoint(method: str, path: str, dialect: str) -> tuple[Endpoint, dict[str, str]]:
    """Which one answers, and the pieces of its path. Raises NoRoute."""
    for one in ENDPOINTS:
        if one.method == method and dialect in one.dialects and (match := one.path.fullmatch(path)):
            return one, match.groupdict()
    raise NoRoute
