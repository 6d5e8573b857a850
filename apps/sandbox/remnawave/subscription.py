"""What an app gets at a subscription's address, and who may have it (no token is asked)."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from math import ceil
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from apps.sandbox.pages import empty, page
from apps.sandbox.remnawave import devices, rules
from apps.sandbox.remnawave.dates import moment
from apps.sandbox.remnawave.errors import Refused
from apps.sandbox.remnawave.panel import Panel
from apps.sandbox.remnawave.users import User

HEADERS = {
    "platform": "x-device-os",
    "osVersion": "x-ver-os",
    "deviceModel": "x-device-model",
    "userAgent": "user-agent",
}
REASONS = {"EXPIRED": "Subscription expired", "LIMITED": "Traffic limit reached", "DISABLED": "Subscription disabled"}


def config(panel: Panel, request: Request, short_uuid: str) -> Response:
    """The servers, for an app. With a limit of devices the app must name its own, and it is counted."""
    user = panel.users.find("shortUuid", short_uuid)
    if user is None:
        return Response(status_code=404)
    if "text/html" in request.headers.get("Accept", ""):
        return for_people(panel, user)
    headers, hwid = _about(user), _hwid(request.headers)
    if devices.limit(user, panel.settings) is not None:
        headers["x-hwid-active"] = "true"
        if hwid is None:
            return Response(headers={**headers, "x-hwid-limit": "true", "x-hwid-not-supported": "true"})
        if hwid not in user["devices"] and devices.full(user, panel.settings):
            return Response(headers={**headers, "x-hwid-limit": "true", "x-hwid-max-devices-reached": "true"})
    if hwid is not None:
        told = {name: request.headers.get(header) for name, header in HEADERS.items()}
        devices.attach(panel, user, hwid, told)
    text = "\n".join(links(panel, user))
    return Response(b64encode(text.encode()), headers=headers, media_type="text/plain")


def for_people(panel: Panel, user: User) -> Response:
    """The same in a browser, which is no device."""
    used, most = pretty(user["traffic"]["usedTrafficBytes"]), user["trafficLimitBytes"]
    traffic = f"{used} of {pretty(most)}" if most else f"{used}, no limit"
    servers = "".join(f"<li><code>{escape(link)}</code></li>" for link in links(panel, user))
    body = (
        f'<section><h2>{escape(user["username"])} <span class="chip">{user["status"]}</span></h2>'
        f"<p>until {moment(user['expireAt']):%d.%m.%Y %H:%M} UTC · {traffic}</p>"
        + (f'<ul class="files">{servers}</ul>' if servers else empty("No servers."))
        + f"<p>Add this address to an app: <code>{escape(panel.shapes.subscription_url(user))}</code></p></section>"
    )
    return page("Subscription", body)


def info(panel: Panel, short_uuid: str) -> Response:
    """What a page for people shows. Counts of bytes are texts."""
    user = panel.users.find("shortUuid", short_uuid)
    if user is None:
        raise Refused("A063")
    used, lifetime = (user["traffic"][name] for name in ("usedTrafficBytes", "lifetimeUsedTrafficBytes"))
    left = (moment(user["expireAt"]) - panel.now()) / timedelta(days=1)
    shown: dict[str, Any] = {
        "isFound": True,
        "user": {
            "shortUuid": user["shortUuid"],
            "daysLeft": max(0, ceil(left)),
            "trafficUsed": pretty(used),
            "trafficLimit": pretty(user["trafficLimitBytes"]),
            "lifetimeTrafficUsed": pretty(lifetime),
            "trafficUsedBytes": str(used),
            "trafficLimitBytes": str(user["trafficLimitBytes"]),
            "lifetimeTrafficUsedBytes": str(lifetime),
            "username": user["username"],
            "expiresAt": user["expireAt"],
            "isActive": user["status"] == "ACTIVE",
            "userStatus": user["status"],
            "trafficLimitStrategy": user["trafficLimitStrategy"],
        },
        "links": links(panel, user),
        "ssConfLinks": {},
        "subscriptionUrl": panel.shapes.subscription_url(user),
    }
    return JSONResponse({"response": shown})


def links(panel: Panel, user: User) -> list[str]:
    """One server for each squad; none at all without squads. Who may not connect is told why instead."""
    if reason := REASONS.get(user["status"]):
        return [f"vless://00000000-0000-0000-0000-000000000000@0.0.0.0:1?type=tcp#{quote(reason)}"]
    names = [panel.squads.name(uuid) for uuid in user["squads"]]
    return [
        f"vless://{user['vlessUuid']}@{name.lower()}.example.net:443?security=reality&type=tcp#{quote(name)}"
        for name in names
    ]


def pretty(amount: int) -> str:
    """Bytes for people: 1.5 GiB."""
    size = float(amount)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} TiB"


def _about(user: User) -> dict[str, str]:
    """The headers in which apps read the traffic and the end."""
    used, total = user["traffic"]["usedTrafficBytes"], user["trafficLimitBytes"]
    expire = int(moment(user["expireAt"]).timestamp())
    return {
        "content-disposition": f"attachment; filename={user['username']}",
        "profile-update-interval": "12",
        "subscription-userinfo": f"upload=0; download={used}; total={total}; expire={expire}",
    }


def _hwid(headers: Mapping[str, str]) -> str | None:
    given = headers.get("x-hwid", "")
    return given if rules.HWID.fullmatch(given) else None
