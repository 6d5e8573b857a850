"""What the panel does with its users: the rules by which their state changes (source: users.service.ts 3.3.2)."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from apps.sandbox.remnawave.dates import moment, stamp
from apps.sandbox.remnawave.errors import Refused
from apps.sandbox.remnawave.jobs import Jobs, Tell, reset
from apps.sandbox.remnawave.journal import Journal
from apps.sandbox.remnawave.settings import Settings
from apps.sandbox.remnawave.shapes import Shapes
from apps.sandbox.remnawave.users import Squads, User, Users

PLAIN = (
    "expireAt",
    "trafficLimitStrategy",
    "description",
    "tag",
    "telegramId",
    "email",
    "hwidDeviceLimit",
    "externalSquadUuid",
)


class Panel:
    """Every method catches up with the clock only through `catch_up`, which a request calls first."""

    def __init__(self, journal: Journal, now: Callable[[], datetime], settings: Settings, tell: Tell) -> None:
        """`tell(event, user, **meta)` announces what happened to a user."""
        self._now, self.settings, self._tell = now, settings, tell
        self.users = Users(journal)
        self.squads = Squads(journal, stamp(now()))
        self.shapes = Shapes(settings, self.squads)
        self.jobs = Jobs(journal, self.users, settings, tell, now())

    def now(self) -> datetime:
        return self._now()

    def catch_up(self) -> None:
        """Do what the panel's jobs would have done by now."""
        self.jobs.catch_up(self._now())

    def create(self, given: dict[str, Any]) -> User:
        """`given` has passed rules.create. Raises Refused, and then nobody was made."""
        if self.users.find("username", given["username"]):
            raise Refused("A019")
        if self.users.find("shortUuid", given.get("shortUuid")):
            raise Refused("A020")
        external, squads = given.get("externalSquadUuid"), given.get("activeInternalSquads", [])
        taken = "uuid" in given and self.users.find("uuid", given["uuid"])
        if taken or self.squads.missing([*squads, *([external] if external else [])]):
            raise Refused("A018")
        return self._done(self._new(given), "user.created")

    def update(self, user: User, given: dict[str, Any]) -> User:
        """`given` has passed rules.update; a field that is not in it stays as it is."""
        external = given.get("externalSquadUuid")
        squads = given.get("activeInternalSquads")
        if self.squads.missing([*(squads or []), *([external] if external else [])]):
            raise Refused("A039")
        user["status"] = _status_after(user, given)
        if given.get("trafficLimitBytes", user["trafficLimitBytes"]) != user["trafficLimitBytes"]:
            user["trafficLimitBytes"] = given["trafficLimitBytes"]
            user["lastTriggeredThreshold"] = 0
        user.update({name: given[name] for name in PLAIN if name in given})
        if squads is not None:
            user["squads"] = list(dict.fromkeys(squads))
        return self._done(user, "user.modified")

    def enable(self, user: User) -> User:
        """Also of an expired user, whose date stays: the job finds it again."""
        if user["status"] == "ACTIVE":
            raise Refused("A030")
        user["status"] = "ACTIVE"
        return self._done(user, "user.enabled")

    def disable(self, user: User) -> User:
        if user["status"] == "DISABLED":
            raise Refused("A029")
        user["status"] = "DISABLED"
        return self._done(user, "user.disabled")

    def reset_traffic(self, user: User) -> User:
        limited = user["status"] == "LIMITED"
        reset(user, stamp(self._now()))
        if limited:
            self._tell("user.enabled", user)
        return self._done(user, "user.traffic_reset")

    def revoke(self, user: User, *, only_passwords: bool = False, short: str | None = None) -> User:
        """New credentials, and with them a new link unless `only_passwords`. Devices stay."""
        if not only_passwords:
            if short is not None and self.users.find("shortUuid", short):
                raise Refused("A020")
            user["shortUuid"] = short or short_uuid()
        user.update(passwords())
        user["subRevokedAt"] = stamp(self._now())
        return self._done(user, "user.revoked")

    def extend(self, user: User, days: int) -> User:
        base = max(self._now(), moment(user["expireAt"]))
        user["expireAt"] = stamp(base + timedelta(days=days))
        if user["status"] == "EXPIRED":
            user["status"] = "ACTIVE"
        return self._done(user, "user.modified")

    def delete(self, user: User) -> None:
        self.users.remove(user)
        self._tell("user.deleted", user)

    def use(self, user: User, amount: int) -> User:
        """So many bytes go through a server, as counted for this user."""
        at, traffic = stamp(self._now()), user["traffic"]
        first = traffic["firstConnectedAt"] is None
        traffic.update(onlineAt=at, firstConnectedAt=traffic["firstConnectedAt"] or at)
        traffic["usedTrafficBytes"] += amount
        traffic["lifetimeUsedTrafficBytes"] += amount
        self.users.save(user)
        self.jobs.watch(user)
        if first:
            self._tell("user.first_connected", user)
        return user

    def clear(self) -> None:
        """Without users, and with the squads of the start."""
        for user in list(self.users):
            self.users.remove(user)
        self.squads.begin(stamp(self._now()))

    def remove_squad(self, uuid: str) -> None:
        """Its members are members no more; nobody is told."""
        members = [user for user in self.users if uuid in user["squads"]]
        for user in members:
            user["squads"].remove(uuid)
        self.users.save(*members)
        self.squads.remove(uuid)

    def tell_device(self, event: str, user: User, device: dict[str, Any]) -> None:
        """Announces what happened to a device of a user."""
        self._tell(event, user, device=device)

    def create_all(self, many: list[dict[str, Any]]) -> None:
        """Many users at once, as `create` takes each of them; nobody is told."""
        users = [self._new(given) for given in many if not self.users.find("username", given["username"])]
        self.users.save(*users)
        for user in users:
            self.jobs.watch(user)

    def _new(self, given: dict[str, Any]) -> User:
        at = stamp(self._now())
        return {
            "id": self.users.new_id(),
            "uuid": str(uuid4()),
            "shortUuid": short_uuid(),
            **passwords(),
            "status": "ACTIVE",
            "trafficLimitBytes": 0,
            "trafficLimitStrategy": "NO_RESET",
            **dict.fromkeys(("description", "tag", "telegramId", "email", "hwidDeviceLimit", "externalSquadUuid")),
            "lastTriggeredThreshold": 0,
            "subRevokedAt": None,
            "lastTrafficResetAt": None,
            "createdAt": at,
            **{name: value for name, value in given.items() if name != "activeInternalSquads"},
            "updatedAt": at,
            "squads": list(dict.fromkeys(given.get("activeInternalSquads", []))),
            "traffic": {
                "usedTrafficBytes": 0,
                "lifetimeUsedTrafficBytes": 0,
                "onlineAt": None,
                "firstConnectedAt": None,
                "lastConnectedNodeUuid": None,
            },
            "devices": {},
        }

    def _done(self, user: User, event: str) -> User:
        user["updatedAt"] = stamp(self._now())
        self.users.save(user)
        self.jobs.watch(user)
        self._tell(event, user)
        return user


def _status_after(user: User, given: dict[str, Any]) -> str:
    """The status after an update, by the fields which it brings."""
    status, wanted = str(user["status"]), given.get("status")
    if wanted == "ACTIVE" or (wanted == "DISABLED" and status == "ACTIVE"):
        return str(wanted)
    if status == "EXPIRED" and "expireAt" in given and wanted is None:
        return "ACTIVE"
    if status == "LIMITED" and "trafficLimitBytes" in given:
        limit = given["trafficLimitBytes"]
        if limit == 0 or limit > user["trafficLimitBytes"]:
            return "ACTIVE"
    return status


def short_uuid() -> str:
    return secrets.token_urlsafe(12)


def passwords() -> dict[str, str]:
    return {
        "trojanPassword": secrets.token_hex(12),
        "vlessUuid": str(uuid4()),
        "ssPassword": secrets.token_hex(12),
    }
