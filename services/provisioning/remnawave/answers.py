"""What a panel tells, read tolerantly: unknown fields are passed over, and of the known ones only those that Kiosk acts
upon must be there. A user of 2.x has a `uuid`, one of 3.x has not: that is how the two are told apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.platform.errors import TryLater


@dataclass(frozen=True, slots=True)
class PanelUser:
    """`key` names the user in addresses: the uuid on 2.x, the number on 3.x. `status`: ACTIVE, DISABLED, LIMITED,
    EXPIRED. `traffic_bytes` 0 is no limit; `reset_at` is when used traffic was last forgotten; `devices` 0 is no limit,
    None the panel's own default; `squads` are uuids, None when the answer left them out. `short_uuid` and `link` open
    the access: they are secret."""

    username: str
    key: str
    dialect: int
    status: str
    expire_at: datetime
    traffic_bytes: int
    traffic_reset: str
    used_bytes: int | None
    reset_at: datetime | None
    devices: int | None
    squads: frozenset[str] | None
    tag: str | None
    telegram_id: int | None
    short_uuid: str = field(repr=False)
    link: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PanelDevice:
    """`hwid` is what an app calls the device it runs on; `name` is for people."""

    hwid: str
    name: str
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class PanelSquad:
    uuid: str
    name: str
    members: int


def read_user(answer: Any) -> PanelUser:
    """Raises TryLater for what is no user of a known panel."""
    if not isinstance(answer, dict):
        raise TryLater("the panel told of no user")
    uuid, number = answer.get("uuid"), answer.get("id")
    try:
        return PanelUser(
            username=_text(answer["username"]),
            key=uuid if isinstance(uuid, str) and uuid else str(_number(number)),
            dialect=2 if isinstance(uuid, str) and uuid else 3,
            status=_text(answer["status"]),
            expire_at=_moment(answer["expireAt"]),
            traffic_bytes=_number(answer["trafficLimitBytes"]),
            traffic_reset=_text(answer["trafficLimitStrategy"]),
            used_bytes=_used(answer),
            reset_at=_moment_or_none(answer.get("lastTrafficResetAt")),
            devices=_number_or_none(answer.get("hwidDeviceLimit")),
            squads=_squads(answer.get("activeInternalSquads")),
            tag=_text_or_none(answer.get("tag")),
            telegram_id=_number_or_none(answer.get("telegramId")),
            short_uuid=_text(answer["shortUuid"]),
            link=_text(answer["subscriptionUrl"]),
        )
    except KeyError as missing:
        raise TryLater(f"the panel told of a user without {missing}") from None
    except ValueError as wrong:
        raise TryLater(f"the panel told of a user in an unknown form: {wrong}") from None


def read_page(answer: Any) -> dict[str, Any]:
    """The users of one page by their names, unread: most are other people's. Raises TryLater rather than leaving one
    out."""
    users = answer.get("users") if isinstance(answer, dict) else None
    if not isinstance(users, list):
        raise TryLater("the panel told of no users")
    if not all(isinstance(user, dict) and isinstance(user.get("username"), str) for user in users):
        raise TryLater("the panel told of users without names")
    return {user["username"]: user for user in users}


def read_devices(answer: Any) -> list[PanelDevice]:
    devices = answer.get("devices") if isinstance(answer, dict) else None
    if not isinstance(devices, list):
        raise TryLater("the panel told of no devices")
    found = []
    for device in devices:
        if isinstance(device, dict) and isinstance(device.get("hwid"), str):
            parts = [device.get(name) for name in ("deviceModel", "platform", "osVersion")]
            name = " ".join(part.strip()[:60] for part in parts if isinstance(part, str) and part.strip())
            seen = device.get("updatedAt") or device.get("createdAt")
            found.append(PanelDevice(device["hwid"], name, _moment_or_none(seen)))
    return found


def read_squads(answer: Any) -> list[PanelSquad]:
    squads = answer.get("internalSquads") if isinstance(answer, dict) else None
    if not isinstance(squads, list):
        raise TryLater("the panel told of no squads")
    found = []
    for squad in squads:
        if isinstance(squad, dict) and isinstance(squad.get("uuid"), str) and isinstance(squad.get("name"), str):
            info = squad.get("info")
            members = _number_or_none(info.get("membersCount")) if isinstance(info, dict) else None
            found.append(PanelSquad(squad["uuid"].lower(), squad["name"], members or 0))
    return found


def read_version(answer: Any) -> str | None:
    version = answer.get("version") if isinstance(answer, dict) else None
    return version[:20] if isinstance(version, str) else None


def write_moment(moment: datetime) -> str:
    """UTC in whole seconds with a Z: a time without its zone would be read in the panel's own. Raises ValueError for a
    naive one."""
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone is never sent to a panel")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _used(answer: dict[str, Any]) -> int | None:
    traffic = answer.get("userTraffic")
    used = traffic.get("usedTrafficBytes") if isinstance(traffic, dict) else answer.get("usedTrafficBytes")
    return _number_or_none(used)


def _squads(squads: object) -> frozenset[str] | None:
    if not isinstance(squads, list):
        return None
    uuids = [squad.get("uuid") if isinstance(squad, dict) else squad for squad in squads]
    return frozenset(uuid.lower() for uuid in uuids if isinstance(uuid, str))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text is missing")
    return value


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int:
    """Byte counts come as numbers that JavaScript made: 1e12 is one too."""
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise ValueError("a number is missing")


def _number_or_none(value: object) -> int | None:
    return None if value is None else _number(value)


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError("a moment with its zone is missing")
    return moment.astimezone(UTC)


def _moment_or_none(value: object) -> datetime | None:
    try:
        return _moment(value)
    except ValueError:
        return None
