"""Bulk orders: answered at once, done a moment later, about users who may be gone by then."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from apps.sandbox.remnawave import rules
from apps.sandbox.remnawave.dates import moment, stamp
from apps.sandbox.remnawave.errors import Refused
from apps.sandbox.remnawave.journal import Journal
from apps.sandbox.remnawave.panel import Panel
from apps.sandbox.remnawave.users import User

LATER = timedelta(seconds=1)
MOST = 500


class Bulk:
    """The queue. What waits in it survives a restart."""

    def __init__(self, journal: Journal, panel: Panel) -> None:
        self._journal, self._panel = journal, panel
        self._number = max(map(int, journal.of("bulk")), default=0)

    def order(self, name: str, body: Any) -> dict[str, Any]:
        """Raises Invalid or Refused when the order is not taken."""
        settings, now = self._panel.settings, self._panel.now()
        whom = "userIds" if settings.dialect == "3" else "uuids"
        shape: dict[str, rules.Field] = {whom: rules.array(rules.key(settings), 1, MOST)}
        if name == "extend":
            shape["extendDays"] = rules.whole(1, 9999)
        if name == "update":
            of_fields = {"status": rules.choice(rules.STATUSES), **rules.fields(settings, now)}
            shape["fields"] = lambda value: rules.check(value, of_fields)
        given = rules.check(body, shape, tuple(shape))
        if given.get("fields", {}).get("status") in ("LIMITED", "EXPIRED"):
            raise Refused("A089")
        self._number += 1
        waiting = {"due": stamp(now + LATER), "name": name, "key": settings.key, "whom": given.pop(whom), **given}
        self._journal.put("bulk", str(self._number), waiting)
        return {"eventSent": True} if settings.dialect == "3" else {"affectedRows": len(waiting["whom"])}

    def catch_up(self, now: datetime) -> None:
        for number, waiting in list(self._journal.of("bulk").items()):
            if moment(waiting["due"]) <= now:
                self._journal.put("bulk", number, None)
                self._do(waiting)

    def _do(self, waiting: dict[str, Any]) -> None:
        panel = self._panel
        work: dict[str, Callable[[User], Any]] = {
            "update": lambda user: panel.update(user, waiting["fields"]),
            "extend": lambda user: panel.extend(user, waiting["extendDays"]),
            "delete": panel.delete,
            "reset_traffic": panel.reset_traffic,
        }
        for key in waiting["whom"]:
            if user := panel.users.find(waiting["key"], key):
                try:
                    work[waiting["name"]](user)
                except Refused:
                    continue  # nobody is left to be told
