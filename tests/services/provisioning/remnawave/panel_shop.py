"""A Kiosk that sells access on the sandbox's panel, with everything real in between."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services import catalog, provisioning, subscriptions
from tests.world import Kiosk

TOML = """
[[good]]
name = "premium"
kind = "remnawave"
squads = ["Premium-Squad"]
panel = "main"

[[tariff]]
slug = "panel-1m"
product = "panel"
name = {ru = "Панель", uk = "Панель", en = "Panel"}
description = {ru = "Быстрая", uk = "Швидка", en = "Fast"}
prices = {RUB = "300.00"}
period = {months = 1}
traffic_gb = 100
devices = 3
access = ["remnawave"]

[[tariff]]
slug = "panel-pro"
product = "panel"
name = {ru = "Панель про", uk = "Панель про", en = "Panel pro"}
description = {ru = "Быстрая", uk = "Швидка", en = "Fast"}
prices = {RUB = "600.00"}
period = {months = 1}
traffic_gb = 500
devices = 10
access = ["premium"]
"""


class Shop:
    """A Kiosk that sells access on the sandbox's panel of 3.x."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.kiosk = kiosk
        # The panel outlives each test's database, whose grants have the same numbers.
        for user in kiosk.http.get("/panel/state").json()["users"]:
            kiosk.http.delete(f"/panel/users/{user['username']}")
        self.anna = kiosk.person("Анна <b>")
        with kiosk.kit.db.begin() as tx:
            catalog.import_catalogue(tx, TOML, kiosk.now)

    def user(self) -> dict[str, Any] | None:
        users = self.kiosk.http.get("/panel/state").json()["users"]
        own = [user for user in users if user["telegramId"] == self.anna.telegram_id]
        assert len(own) <= 1, "somebody has two"
        return own[0] if own else None

    @property
    def there(self) -> dict[str, Any]:
        user = self.user()
        assert user
        return user

    @property
    def ends_at(self) -> datetime:
        """Of what Anna has bought."""
        with self.kiosk.kit.db.begin() as tx:
            (mine,) = subscriptions.subscriptions_of(tx, self.anna.party)
        return mine.ends_at

    def access(self) -> provisioning.Access:
        with self.kiosk.kit.db.begin() as tx:
            (mine,) = subscriptions.subscriptions_of(tx, self.anna.party)
            (access,) = provisioning.access_of(tx, self.kiosk.kit.cipher, self.anna.party, mine.id)
        return access

    def fault(self, mode: str, **order: Any) -> None:
        self.kiosk.post("/panel/faults", mode=mode, **order)

    def heal(self) -> None:
        self.kiosk.http.delete("/panel/faults")
