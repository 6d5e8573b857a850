"""What Kiosk asks of a panel. The username, which we choose, is the key of every call that both versions take by it; a
number or uuid is used only right after it was read, so that an upgrade of the panel changes nothing here.

Calls raise UserAbsent, Refused, Failed (a TryLater), TryLater and Misconfigured; none returns None for a failure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from services.platform.errors import TryLater
from services.provisioning.remnawave.answers import (
    PanelDevice,
    PanelSquad,
    PanelUser,
    read_devices,
    read_page,
    read_squads,
    read_user,
    read_version,
    write_moment,
)
from services.provisioning.remnawave.http import NoSuchAddress, PanelHttp, Refused, UserAbsent

NAME_TAKEN, ALREADY_DISABLED, ALREADY_ENABLED = "A019", "A029", "A030"
PAGE = 500  # users asked for at once
PAGES = 2000  # no panel is larger: whoever goes on after so many goes round in a circle

Fields = Mapping[str, Any]
Action = Literal["enable", "disable", "reset-traffic"]


class Panel:
    """One panel. Safe to share between threads."""

    def __init__(self, url: str, token: str, api_key: str | None = None) -> None:
        self._http = PanelHttp(url, token, api_key)

    def find(self, username: str) -> PanelUser | None:
        """None only when the panel itself says that there is no such user."""
        try:
            user = read_user(self._http.get(f"/users/by-username/{quote(username, safe='')}"))
        except UserAbsent:
            return None
        if user.username != username:
            raise TryLater("the panel told of another user than it was asked about")
        return user

    def get_or_create(self, username: str, expire_at: datetime, fields: Fields) -> tuple[PanelUser, bool]:
        """The user of that name and whether it was made just now. A name that is taken is no fault: the answer to an
        earlier call was lost, or the user is somebody else's; the caller looks."""
        body = {**fields, "username": username, "expireAt": write_moment(expire_at)}
        try:
            answer = self._http.post("/users", body)
        except Refused as refused:
            if refused.reason != NAME_TAKEN:
                raise
            return self._known(username), False
        return self._user(answer, username), True

    def update(self, username: str, fields: Fields, expire_at: datetime | None = None) -> PanelUser:
        """Changes what is given and nothing else. `expire_at` must lie ahead, or the panel refuses the whole call.
        Raises UserAbsent."""
        body = {**fields, "username": username}
        if expire_at is not None:
            body["expireAt"] = write_moment(expire_at)
        return self._user(self._http.patch("/users", body), username)

    def act(self, user: PanelUser, action: Action) -> PanelUser:
        """Repeating is harmless. Raises UserAbsent."""
        try:
            answer = self._http.post(f"/users/{user.key}/actions/{action}")
        except Refused as refused:
            if refused.reason not in (ALREADY_DISABLED, ALREADY_ENABLED):
                raise
            answer = None
        return self._user(answer, user.username)

    def revoke(self, user: PanelUser, short_uuid: str) -> PanelUser:
        """New credentials under a link that ends with `short_uuid`: 16 to 48 characters suit both versions. The devices
        stay. Raises UserAbsent."""
        answer = self._http.post(f"/users/{user.key}/actions/revoke", {"shortUuid": short_uuid})
        return self._user(answer, user.username)

    def delete(self, user: PanelUser) -> None:
        """One that is gone already counts as deleted."""
        try:
            self._http.delete(f"/users/{user.key}")
        except UserAbsent:
            return

    def devices(self, user: PanelUser) -> list[PanelDevice]:
        return read_devices(self._http.get(f"/hwid/devices/{user.key}"))

    def forget_device(self, user: PanelUser, hwid: str) -> None:
        self._http.post("/hwid/devices/delete", {**_owner(user), "hwid": hwid})

    def forget_devices(self, user: PanelUser) -> None:
        self._http.post("/hwid/devices/delete-all", _owner(user))

    def squads(self) -> list[PanelSquad]:
        return read_squads(self._http.get("/internal-squads"))

    def users(self, names: Collection[str]) -> dict[str, PanelUser]:
        """Those of them that are there, sought among all. The list is read to its end or it raises: a part of it is
        never taken for the whole. 3.x streams by cursor; 2.x, which takes "stream" for a uuid or an unknown address,
        has pages. Raises NoSuchAddress or Refused where there is no list."""
        try:
            first = self._http.get("/users/stream", {"size": PAGE})
        except (NoSuchAddress, UserAbsent, Refused):
            found = self._paged()
        else:
            found = self._streamed(first)
        return {name: read_user(found[name]) for name in names if name in found}

    def version(self) -> str | None:
        """None for 2.x, which does not tell it."""
        try:
            return read_version(self._http.get("/system/metadata"))
        except (NoSuchAddress, UserAbsent):
            return None

    def close(self) -> None:
        self._http.close()

    def _streamed(self, answer: Any) -> dict[str, Any]:
        found, seen = read_page(answer), set[str]()
        while answer.get("hasMore") is not False:
            cursor = answer.get("nextCursor")
            if answer.get("hasMore") is not True or not isinstance(cursor, str) or cursor in seen or len(seen) > PAGES:
                raise TryLater("the panel's list of users breaks off")
            seen.add(cursor)
            answer = self._http.get("/users/stream", {"size": PAGE, "cursor": cursor})
            found |= read_page(answer)
        return found

    def _paged(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        start, totals = 0, set[Any]()  # by what has come: a panel may give less at once than it is asked for
        for _ in range(PAGES):
            answer = self._http.get("/users", {"start": start, "size": PAGE})
            page, total = read_page(answer), answer.get("total")
            found |= page
            start += len(page)
            totals.add(total)
            if type(total) is not int or len(totals) > 1:
                break
            if len(found) == start == total:
                return found
            if not page or start >= total:
                break
        raise TryLater("the panel's list of users is not complete: it changed while it was read")

    def _user(self, answer: Any, username: str) -> PanelUser:
        """An answer may be empty though the call was done: then the user is asked for."""
        if answer is None:
            return self._known(username)
        user = read_user(answer)
        if user.username != username:
            raise TryLater("the panel told of another user than it was asked about")
        return user

    def _known(self, username: str) -> PanelUser:
        user = self.find(username)
        if user is None:
            raise UserAbsent("the user is gone again")
        return user


def _owner(user: PanelUser) -> dict[str, str | int]:
    return {"userUuid": user.key} if user.dialect == 2 else {"userId": int(user.key)}
