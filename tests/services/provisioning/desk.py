"""Grants of many people at an other side in memory, and the reactions to what happens to them, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from services import catalog, provisioning, subscriptions
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.errors import KioskError
from services.platform.money import Money
from services.platform.outbox import Event, OutboxEvent
from services.provisioning.models import AccessGrantRow
from services.provisioning.models_watch import AccessRepairRow
from services.subscriptions import SubscriptionExpired, SubscriptionExtended
from tests.contracts.memory_access import Elsewhere, MemoryAccess
from tests.factories import make_user, tariff_toml

EVENTS: Sequence[type[Event]] = (
    SubscriptionExtended,
    SubscriptionExpired,
    provisioning.GrantChanged,
    provisioning.ServerCheckDue,
    provisioning.AccessHinted,
    provisioning.AccessRemovalDue,
)
NAMES = {event.name: event for event in EVENTS}


class Desk:
    """`work` reacts to all that was told since; what failed is in `undone`, and comes again with `work`. `told` counts
    all events by their short names."""

    def __init__(self, db: Database, now: datetime, room: int | None = None) -> None:
        self.db, self.now = db, now
        self.cipher = Cipher("a secret for tests, long enough", [])
        self.elsewhere = Elsewhere(lambda: self.now, room)
        self.memory = MemoryAccess(self.elsewhere, kind="wireguard", places=("m1",))
        self.provisioners: dict[str, provisioning.Provisioner] = {"wireguard": self.memory}
        self.undone: list[tuple[Event, KioskError]] = []
        self.told: Counter[str] = Counter()
        self._last = 0
        with db.begin() as tx:
            catalog.import_catalogue(tx, tariff_toml(access='["wireguard"]', more="traffic_gb = 50\ndevices = 3"), now)

    def people(self, count: int) -> list[int]:
        """So many with a month each, delivered. Returns the ids of their grants."""
        before = set(self.ids())
        for _ in range(count):
            self.give()
        self.work()
        return sorted(set(self.ids()) - before)

    def give(self, party: Any = None) -> None:
        """A month, paid somehow."""
        with self.db.begin() as tx:
            owner = party or make_user(tx, self.now).party
            quote = catalog.terms(catalog.tariff(tx, "vpn-1m"), Money(29900, "RUB"))
            subscriptions.give(
                tx,
                owner,
                quote,
                reference=f"test:{owner}:{self.told.total()}:{self.now}",
                cause="payment",
                value=Money(29900, "RUB"),
                now=self.now,
            )

    def work(self) -> None:
        again, self.undone = [event for event, _ in self.undone], []
        for event in again:
            self.react(event)
        while events := self._news():
            for event in events:
                self.react(event)

    def react(self, event: Event) -> None:
        try:
            match event:
                case SubscriptionExtended():
                    with self.db.begin() as tx:
                        provisioning.grant(tx, event, self.now, self.provisioners)
                case SubscriptionExpired():
                    with self.db.begin() as tx:
                        provisioning.withdraw(tx, event, self.now)
                case provisioning.GrantChanged():
                    provisioning.apply(self.db, event, self.now, self.provisioners, self.cipher)
                case provisioning.ServerCheckDue():
                    provisioning.reconcile(self.db, event, self.now, self.provisioners)
                case provisioning.AccessHinted():
                    provisioning.look(self.db, event, self.now, self.provisioners)
                case provisioning.AccessRemovalDue():
                    provisioning.remove(self.db, event, self.now, self.provisioners)
        except KioskError as error:
            self.undone.append((event, error))

    def check(self, after: timedelta = timedelta(minutes=10)) -> Counter[str]:
        """The next regular check. Returns what the other side was asked, by verb."""
        self.now += after
        self.elsewhere.requests.clear()
        with self.db.begin() as tx:
            provisioning.plan_checks(tx, self.now, self.provisioners)
        self.work()
        return Counter(self.elsewhere.requests)

    def expire(self) -> None:
        with self.db.begin() as tx:
            subscriptions.expire(tx, self.now)
        self.work()

    def ids(self) -> list[int]:
        with self.db.begin() as tx:
            return list(tx.scalars(select(AccessGrantRow.id).order_by(AccessGrantRow.id)))

    def row(self, grant_id: int) -> AccessGrantRow:
        with self.db.begin() as tx:
            return tx.get_one(AccessGrantRow, grant_id)

    def repairs(self) -> list[str]:
        with self.db.begin() as tx:
            return list(tx.scalars(select(AccessRepairRow.what).order_by(AccessRepairRow.id)))

    def troubles(self) -> list[str]:
        """Of which operators were told."""
        with self.db.begin() as tx:
            return [one.trouble for one in provisioning.troubles(tx) if one.is_told]

    def events(self, event: type[Event]) -> list[Any]:
        with self.db.begin() as tx:
            rows = select(OutboxEvent).where(OutboxEvent.name == event.name).order_by(OutboxEvent.id)
            return [event.from_json(row.body) for row in tx.scalars(rows)]

    def sql(self, statement: str, **values: Any) -> None:
        with self.db.begin() as tx:
            tx.execute(text(statement), values)

    def _news(self) -> list[Event]:
        with self.db.begin() as tx:
            rows = tx.scalars(select(OutboxEvent).where(OutboxEvent.id > self._last).order_by(OutboxEvent.id)).all()
            for row in rows:
                row.planned = True
        self._last = max([self._last, *(row.id for row in rows)])
        self.told.update(row.name.split(".")[1] for row in rows)
        return [NAMES[row.name].from_json(row.body) for row in rows if row.name in NAMES]
