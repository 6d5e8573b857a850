"""A panel of 3.x; access_remnawave_old has one of 2.x."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.catalog import Good
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.provisioners.base import Grant
from services.provisioning.provisioners.remnawave import RemnawavePanels
from services.provisioning.remnawave.marks import username
from tests.contracts.access_sides import Seen, Side
from tests.services.provisioning.remnawave.panels import Clock, running_panel


class Opened(Side):
    kind = "remnawave"
    claims = RemnawavePanels.capabilities
    modes = ("down", "after", "misconfigured")
    dialect = "3"

    def __init__(self, db: Database, directory: Path) -> None:
        super().__init__(db, directory)
        self._clock, self._stack = Clock(), ExitStack()
        self._panel = self._stack.enter_context(running_panel(directory, self._clock, self.dialect))
        self.provisioner = RemnawavePanels([self._panel.config], Cipher("a secret for tests, long enough"))
        self._stack.callback(self.provisioner.close)

    def now(self) -> datetime:
        return self._clock.now

    def later(self, span: timedelta) -> None:
        self._clock.now += span

    def good(self) -> Good:
        return Good("panel", "remnawave", {}, {})

    def other_good(self) -> Good:
        return Good("premium", "remnawave", {}, {"squads": ["Premium-Squad", "Gaming-Squad"]})

    def seen(self, grant: Grant) -> list[Seen]:
        own = [user for user in self._panel.users().values() if user["username"] == username(grant.key)]
        return [
            Seen(
                user["username"],
                user["status"] == "ACTIVE" and datetime.fromisoformat(user["expireAt"]) > self.now(),
                datetime.fromisoformat(user["expireAt"]),
                user["shortUuid"],
            )
            for user in own
        ]

    def everything(self) -> object:
        return self._panel.users()

    def plant(self) -> Any:
        """Somebody of the same Telegram account, with a name like ours."""
        ends_at = (self.now() + timedelta(days=5)).isoformat()
        return self._panel.post("/users", username="k999999", expireAt=ends_at, telegramId=7_000_000_001)["username"]

    def foreign(self, planted: Any) -> object:
        return self._panel.user(planted)

    def lose(self, grant: Grant) -> bool:
        return self._panel.http.delete(f"/users/{username(grant.key)}").is_success

    def break_down(self, mode: str) -> None:
        match mode:
            case "down":
                self._panel.fault("down")
            case "after":
                self._lose_the_answer_to_a_change()
            case "misconfigured":
                self._panel.fault("401")

    def _lose_the_answer_to_a_change(self) -> None:
        """Whichever change comes first is asked of the panel that loses it; questions before it are answered."""
        http = self.provisioner._where.place("main").panel._http
        call = http._call

        def losing(method: str, path: str, **content: Any) -> Any:
            if method != "GET":
                http._call = call
                self._panel.fault("500_after", times=1, method=method)
            return call(method, path, **content)

        http._call = losing

    def mend(self) -> None:
        self._panel.heal()

    def use(self, grant: Grant, size: int) -> None:
        self._panel.post(f"/users/{username(grant.key)}/traffic", bytes=size)

    def connect(self, grant: Grant, device: str) -> None:
        self._panel.post(f"/users/{username(grant.key)}/devices", hwid=device)

    def close(self) -> None:
        self._stack.close()
