"""Devices of users, which apps name by themselves in x-hwid when they fetch a subscription."""

from collections.abc import Mapping
from typing import Any

from apps.sandbox.remnawave import rules
from apps.sandbox.remnawave.call import Call, found
from apps.sandbox.remnawave.dates import stamp
from apps.sandbox.remnawave.errors import Refused
from apps.sandbox.remnawave.panel import Panel
from apps.sandbox.remnawave.settings import Settings
from apps.sandbox.remnawave.users import User

ABOUT = ("platform", "osVersion", "deviceModel", "userAgent")


def limit(user: User, settings: Settings) -> int | None:
    """How many devices a user may have; None: any. 0 of a user lifts the limit, null is the panel's own number."""
    if not settings.hwid_enabled or user["hwidDeviceLimit"] == 0:
        return None
    own = user["hwidDeviceLimit"]
    return settings.fallback_device_limit if own is None else int(own)


def full(user: User, settings: Settings) -> bool:
    """Whether one device more would be too many. Those that are there stay, however many they are."""
    most = limit(user, settings)
    return most is not None and len(user["devices"]) >= most


def room(user: User, settings: Settings) -> bool:
    """Whether the API itself may add one: there 0 does not lift the limit."""
    most = settings.fallback_device_limit if user["hwidDeviceLimit"] is None else user["hwidDeviceLimit"]
    return not settings.hwid_enabled or len(user["devices"]) < most


def attach(panel: Panel, user: User, hwid: str, about: Mapping[str, str | None]) -> dict[str, Any]:
    """Notes the device, whatever the limit; a known one is seen again."""
    at = stamp(panel.now())
    new = hwid not in user["devices"]
    kept = user["devices"].get(hwid, {"hwid": hwid, **dict.fromkeys(ABOUT), "createdAt": at})
    user["devices"][hwid] = device = {**kept, **about, "updatedAt": at}
    panel.users.save(user)
    if new:
        panel.tell_device("user_hwid_devices.added", user, device)
    return device


def read(call: Call) -> Any:
    return call.panel.shapes.devices(call.user())


def create(call: Call) -> Any:
    about: dict[str, rules.Field] = {name: rules.text() for name in ABOUT}
    user, given = _owner(call, {"hwid": rules.text(1), **about}, "hwid")
    hwid = given.pop("hwid")
    if hwid in user["devices"]:
        raise Refused("A098")
    if not room(user, call.panel.settings):
        raise Refused("A099")
    attach(call.panel, user, hwid, given)
    return call.panel.shapes.devices(user)


def delete(call: Call) -> Any:
    user, given = _owner(call, {"hwid": rules.text(1)}, "hwid")
    device = user["devices"].pop(given["hwid"], None)
    if device is None:
        raise Refused("A204")
    call.panel.users.save(user)
    call.panel.tell_device("user_hwid_devices.deleted", user, device)
    return call.panel.shapes.devices(user)


def delete_all(call: Call) -> Any:
    """Nobody is told of it."""
    user, _ = _owner(call, {})
    user["devices"].clear()
    call.panel.users.save(user)
    return call.panel.shapes.devices(user)


def _owner(call: Call, fields: dict[str, rules.Field], *required: str) -> tuple[User, dict[str, Any]]:
    """The user whom the body names, and its other fields."""
    settings = call.panel.settings
    name = "userId" if call.three else "userUuid"
    given = call.taken({name: rules.key(settings), **fields}, name, *required)
    return found(call.panel.users.find(settings.key, given.pop(name)), "A025"), given
