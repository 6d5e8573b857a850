"""What the panel shows of a user, a device and a squad (source: @remnawave/backend-contract)."""

from collections import Counter
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from apps.sandbox.remnawave.settings import Settings
from apps.sandbox.remnawave.users import Squads, User, Users

_AS_KEPT = (
    "shortUuid",
    "username",
    "status",
    "trafficLimitBytes",
    "trafficLimitStrategy",
    "expireAt",
    "telegramId",
    "email",
    "description",
    "tag",
    "hwidDeviceLimit",
    "externalSquadUuid",
    "trojanPassword",
    "vlessUuid",
    "ssPassword",
    "lastTriggeredThreshold",
    "subRevokedAt",
    "lastTrafficResetAt",
    "createdAt",
    "updatedAt",
)


class Shapes:
    """`root` is the address of the panel as people reach it, without a slash at the end."""

    def __init__(self, settings: Settings, squads: Squads) -> None:
        self._settings, self._squads = settings, squads
        self.root = "http://127.0.0.1"

    def user(self, user: User) -> dict[str, Any]:
        named = {} if self._settings.dialect == "3" else {"uuid": user["uuid"]}
        return {
            **named,
            "id": user["id"],
            **{name: user[name] for name in _AS_KEPT},
            "subscriptionUrl": self.subscription_url(user),
            "activeInternalSquads": [{"uuid": uuid, "name": self._squads.name(uuid)} for uuid in user["squads"]],
            "userTraffic": dict(user["traffic"]),
        }

    def subscription_url(self, user: User) -> str:
        return f"{self.root}/sub/{user['shortUuid']}"

    def device(self, user: User, device: dict[str, Any]) -> dict[str, Any]:
        owner = {"userId": user["id"]} if self._settings.dialect == "3" else {"userUuid": user["uuid"]}
        return {**owner, **device}

    def devices(self, user: User) -> dict[str, Any]:
        devices = [self.device(user, device) for device in user["devices"].values()]
        return {"total": len(devices), "devices": devices}

    def squads(self, users: Users) -> dict[str, Any]:
        members = Counter(uuid for user in users for uuid in user["squads"])
        tags: dict[str, Any] = {"tags": []} if tuple(map(int, self._settings.version.split("."))) >= (3, 4) else {}
        shown = [
            {
                "uuid": squad["uuid"],
                "viewPosition": position,
                "name": squad["name"],
                **tags,
                "info": {"membersCount": members[squad["uuid"]], "inboundsCount": 1},
                "inbounds": [_inbound(squad)],
                "createdAt": squad["createdAt"],
                "updatedAt": squad["updatedAt"],
            }
            for position, squad in enumerate(self._squads, 1)
        ]
        return {"total": len(shown), "internalSquads": shown}


def _inbound(squad: dict[str, Any]) -> dict[str, Any]:
    return {
        "uuid": str(uuid5(NAMESPACE_URL, squad["uuid"])),
        "tag": f"VLESS_{squad['name'].upper().replace('-', '_')}",
        "type": "vless",
        "network": "tcp",
        "security": "reality",
        "port": 443,
    }
