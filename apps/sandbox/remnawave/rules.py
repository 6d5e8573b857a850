"""What the panel's schemas take (source: @remnawave/backend-contract). Keys they do not name are dropped silently."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.sandbox.remnawave.dates import read, stamp
from apps.sandbox.remnawave.errors import Invalid
from apps.sandbox.remnawave.settings import Settings

Field = Callable[[Any], Any]
STATUSES = ("ACTIVE", "DISABLED", "LIMITED", "EXPIRED")
STRATEGIES = ("NO_RESET", "DAY", "WEEK", "MONTH", "MONTH_ROLLING")
HWID = re.compile(r"[a-zA-Z0-9=-]{10,64}")
_WORD = re.compile(r"[a-zA-Z0-9_-]+")
_TAG = re.compile(r"[A-Z0-9_]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
SHORT = {"2": (6, 48), "3": (16, 64)}  # length of a short UUID that is given


class Wrong(Exception):
    """One value is not taken; the text says why."""


def check(body: Any, fields: Mapping[str, Field], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The known fields of `body`, each as its Field gives it back. Raises Invalid with every issue."""
    if not isinstance(body, dict):
        raise Invalid([_issue([], f"Expected object, received {_kind(body)}")])
    issues = [_issue([name], "Required") for name in required if name not in body]
    taken = {}
    for name, field in fields.items():
        if name in body:
            try:
                taken[name] = field(body[name])
            except Wrong as wrong:
                issues.append(_issue([name], str(wrong)))
            except Invalid as deeper:
                issues += [issue | {"path": [name, *issue["path"]]} for issue in deeper.issues]
    if issues:
        raise Invalid(issues)
    return taken


def _issue(path: list[Any], message: str) -> dict[str, Any]:
    code = "invalid_type" if message.startswith(("Expected", "Required")) else "custom"
    return {"code": code, "path": path, "message": message}


def _kind(value: Any) -> str:
    names = {type(None): "null", bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


def text(least: int = 0, most: int | None = None, pattern: re.Pattern[str] | None = None) -> Field:
    def field(value: Any) -> str:
        if not isinstance(value, str):
            raise Wrong(f"Expected string, received {_kind(value)}")
        if len(value) < least:
            raise Wrong(f"Must be at least {least} characters long")
        if most is not None and len(value) > most:
            raise Wrong(f"Must be at most {most} characters long")
        if pattern and not pattern.fullmatch(value):
            raise Wrong(f"Must match {pattern.pattern}")
        return value

    return field


def whole(least: int | None = None, most: int | None = None) -> Field:
    """A whole number, which JSON may write as 100.0 too."""

    def field(value: Any) -> int:
        if type(value) not in (int, float):
            raise Wrong(f"Expected number, received {_kind(value)}")
        if value != int(value) or abs(value) > 2**53 - 1:
            raise Wrong("Expected integer, received float")
        if (least is not None and value < least) or (most is not None and value > most):
            raise Wrong(f"Must be from {least} to {most or 'any number'}")
        return int(value)

    return field


def digits(value: str) -> int:
    """A whole number in a path or a query."""
    if not re.fullmatch(r"\d{1,15}", value):
        raise Wrong("Expected number, received nan")
    return int(value)


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"Expected boolean, received {_kind(value)}")
    return value


def uuid(value: Any) -> str:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise Wrong("Invalid UUID")
    return str(UUID(value))


def choice(names: tuple[str, ...]) -> Field:
    def field(value: Any) -> Any:
        if value not in names:
            raise Wrong(f"Invalid enum value. Expected {' | '.join(names)}")
        return value

    return field


def nullable(field: Field) -> Field:
    return lambda value: None if value is None else field(value)


def array(field: Field, least: int = 0, most: int = 10_000) -> Field:
    def all_of(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Wrong(f"Expected array, received {_kind(value)}")
        if not least <= len(value) <= most:
            raise Wrong(f"Must have from {least} to {most} elements")
        return [field(one) for one in value]

    return all_of


def date(settings: Settings, after: datetime | None = None) -> Field:
    """`after`: the date must be later. Gives back the panel's own form, cut to milliseconds."""

    def field(value: Any) -> str:
        if not isinstance(value, str):
            raise Wrong(f"Expected string, received {_kind(value)}")
        given = read(value, settings.place())
        if given is None:
            raise Wrong("Invalid date format")
        if after is not None and given <= after:
            raise Wrong("Expiration date cannot be in the past")
        return stamp(given)

    return field


def short_uuid(settings: Settings) -> Field:
    return text(*SHORT[settings.dialect], _WORD)


def key(settings: Settings) -> Field:
    """How this dialect names a user in a body."""
    return whole(1) if settings.dialect == "3" else uuid


username = text(3, 36, _WORD)


def create(settings: Settings) -> dict[str, Field]:
    own: dict[str, Field] = {} if settings.dialect == "3" else {"uuid": uuid}
    return own | {
        "username": username,
        "expireAt": date(settings),
        "status": choice(STATUSES),
        "shortUuid": short_uuid(settings),
        "trojanPassword": text(8, 32),
        "vlessUuid": uuid,
        "ssPassword": text(8, 32),
        "trafficLimitBytes": whole(0),
        "trafficLimitStrategy": choice(STRATEGIES),
        "createdAt": date(settings),
        "lastTrafficResetAt": date(settings),
        "description": text(),
        "tag": nullable(text(0, 16, _TAG)),
        "telegramId": nullable(whole()),
        "email": nullable(text(0, None, _EMAIL)),
        "hwidDeviceLimit": whole(0),
        "activeInternalSquads": array(uuid),
        "externalSquadUuid": nullable(uuid),
    }


def update(settings: Settings, now: datetime) -> dict[str, Field]:
    return {
        settings.key: key(settings),
        "username": username,
        "status": choice(("ACTIVE", "DISABLED")),
        **fields(settings, now),
        "activeInternalSquads": array(uuid),
    }


def fields(settings: Settings, now: datetime) -> dict[str, Field]:
    """What one update and a bulk update both take, besides the status."""
    return {
        "expireAt": date(settings, after=now),
        "trafficLimitBytes": whole(0),
        "trafficLimitStrategy": choice(STRATEGIES),
        "description": nullable(text()),
        "tag": nullable(text(0, 16, _TAG)),
        "telegramId": nullable(whole()),
        "email": nullable(text(0, None, _EMAIL)),
        "hwidDeviceLimit": nullable(whole(0)),
        "externalSquadUuid": nullable(uuid),
    }
