"""The core of Kiosk between people and scripted providers, moved by hand: each delivery, each minute, each death.

What reactions of the subscriptions did is repeated here by plain arithmetic (`ends`), to be compared with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from services import billing, ledger
from services.billing.providers.balance import Balance
from services.billing.providers.base import Capability, RawNotice
from services.kit import Kit
from services.platform import outbox
from services.platform.clock import Clock, wall_clock
from services.platform.db import Database
from services.react import react
from services.reactions import routes
from services.schedule import SCHEDULE, run
from tests.machines.scripted_provider import Died, ScriptedProvider
from tests.machines.scripted_shop import Paid

BEGIN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SCHEDULED = [one for one in SCHEDULE if one.name.startswith(("billing.", "subscriptions."))]
# Nobody is told and nothing is granted here: those have tests of their own.
ROUTES = {
    name: [route for route in kept if route.reaction.startswith(("billing.", "subscriptions."))]
    for name, kept in routes.items()
}
BROKEN = re.compile(r"[A-Z]\w+: ")  # how a delivery notes an exception that nobody expected
OPEN = """
SELECT d.event_id, d.reaction, e.body FROM outbox_deliveries d JOIN outbox_events e ON e.id = d.event_id
WHERE d.done_at IS NULL ORDER BY d.event_id, d.reaction
"""


class HandClock(Clock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = BEGIN

    def now(self) -> datetime:
        return self.moment


@dataclass
class Stretch:
    """Time that an invoice has bought: `whole` of it in the beginning."""

    invoice_id: int
    begins: datetime
    ends: datetime
    whole: timedelta


@dataclass(frozen=True)
class Delivery:
    event_id: int
    reaction: str
    body: dict[str, Any]


@dataclass
class Market:
    kit: Kit
    clock: HandClock
    shops: dict[str, ScriptedProvider]
    time: dict[tuple[str, str], list[Stretch]] = field(default_factory=dict)  # by party and product
    broken: list[str] = field(default_factory=list)
    deaths: int = 0

    @classmethod
    def opened(cls, kit: Kit, db: Database, shops: Iterable[ScriptedProvider], clock: HandClock) -> Market:
        own = {shop.code: shop for shop in shops}
        providers = {**own, "balance": Balance(db, clock, expects_test=True)}
        return cls(replace(kit, db=db, clock=clock, providers=providers), clock, own)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def rows(self, sql: str, **values: Any) -> Sequence[Row[Any]]:
        with self.kit.db.begin() as tx:
            return tx.execute(text(sql), values).all()

    def survive(self, work: Callable[[], Any]) -> Any:
        """A process that does this may die of a fault; the next one goes on."""
        try:
            return work()
        except Died:
            self.deaths += 1
            return None

    # Notifications.

    def deliver_notice(self, shop: ScriptedProvider, raw: RawNotice) -> None:
        with self.kit.db.begin() as tx:
            billing.accept_notification(tx, shop, raw, self.now)

    # Events.

    def open_deliveries(self) -> list[Delivery]:
        with self.kit.db.begin() as tx:
            outbox.plan(tx, ROUTES, wall_clock())
        return [Delivery(row.event_id, row.reaction, row.body) for row in self.rows(OPEN)]

    def deliver(self, one: Delivery) -> bool:
        """As a worker does. True when it is done now."""
        self.survive(lambda: react(self.kit, one.event_id, one.reaction))
        state = "SELECT done_at, last_error FROM outbox_deliveries WHERE event_id = :id AND reaction = :name"
        ((done_at, error),) = self.rows(state, id=one.event_id, name=one.reaction)
        if error is not None and BROKEN.match(error):
            self.broken.append(f"{one.reaction} {one.body}: {error}")
        if done_at is not None:
            self._repeat(one)
        return done_at is not None

    def drain(self) -> None:
        """Everything that can be done now."""
        while sum(self.deliver(one) for one in self.open_deliveries()):
            pass

    def tick(self) -> None:
        for shop in self.shops.values():
            shop.pass_time()
        for scheduled in SCHEDULED:
            run(self.kit.db, scheduled, self.now)

    def pass_time(self, span: timedelta) -> None:
        self.clock.moment += span
        self.tick()

    # The end of everything that is under way.

    def settle_down(self) -> None:
        """Faults are over, buyers go home, providers end what they have begun and say what they have not said yet, a
        person looks at refunds that nobody knows of, and every day is held against the lists."""
        for shop in self.shops.values():
            shop.faults.clear()
            for refund in shop.refunds.values():
                shop.end_refund(refund, done=True)
        for minutes in (1, 3, 7, 30, 60, 60 * 6, 60 * 20, 60 * 5):
            self.pass_time(timedelta(minutes=minutes))
            for shop in self.shops.values():
                while shop.notices:
                    self.deliver_notice(shop, shop.notices.pop(0))
            self.drain()
        self.look_up_unknown_refunds()
        self.drain()
        self.make_statements()
        self.drain()

    def look_up_unknown_refunds(self) -> None:
        for row in self.rows("SELECT id, provider, key::text FROM refunds WHERE state = 'unknown'"):
            shop = self.shops[row.provider]
            there = next((one for one in shop.refunds.values() if one.key == row.key), None)
            done = there is not None and there.status == "succeeded"
            with self.kit.db.begin() as tx:
                billing.resolve_refund(tx, row.id, done=done, actor="operator:1", now=self.now)

    def make_statements(self) -> list[str]:
        """Of every day and provider. Returns what differs."""
        found: list[str] = []
        day, today = BEGIN.date(), self.now.date()
        while day <= today:
            for code in self.kit.providers:
                made = billing.make_statement(self.kit.db, self.kit.providers, code, day, self.now)
                if made is not None:
                    found += [f"{code} {day}: {one}" for one in made.differences]
            day += timedelta(days=1)
        return found

    # What must be so.

    def faults(self) -> list[ledger.Fault]:
        with self.kit.db.begin() as tx:
            return billing.check_books(tx)

    def clearing(self, code: str) -> dict[str, int]:
        """What the books say that a provider owes us, in minor units by currency."""
        sums = "SELECT currency, sum(minor) AS minor FROM ledger_entries WHERE account = :account GROUP BY 1"
        rows = self.rows(sums, account=f"clearing:{code}")
        return {row.currency: int(row.minor) for row in rows if row.minor}

    def owed_by(self, shop: ScriptedProvider) -> dict[str, int]:
        """The same, as the provider's own books say."""
        owed: Counter[str] = Counter()
        for payment in shop.payments.values():
            if payment.status == "succeeded":
                owed[payment.amount.currency] += payment.amount.minor - self._fee(shop, payment)
        for refund in shop.refunds.values():
            if refund.status == "succeeded":
                owed[refund.amount.currency] -= refund.amount.minor
        return {currency: minor for currency, minor in owed.items() if minor}

    def ends(self) -> dict[tuple[str, str], datetime]:
        return {key: found[-1].ends for key, found in self.time.items()}

    @staticmethod
    def _fee(shop: ScriptedProvider, payment: Paid) -> int:
        learned = payment.fee_told and (not shop.character.late_fees or Capability.LIST in shop.capabilities)
        return payment.fee.minor if payment.fee and learned else 0

    def _repeat(self, one: Delivery) -> None:
        if one.reaction == "subscriptions.extend_after_payment":
            ((party, quote),) = self.rows("SELECT party, quote FROM invoices WHERE id = :id", id=one.body["invoice_id"])
            period = timedelta(**{f"{quote['period']['unit']}s": quote["period"]["count"]})
            bought = self.time.setdefault((party, quote["product"]), [])
            begins = max(self.now, bought[-1].ends) if bought else self.now
            bought.append(Stretch(one.body["invoice_id"], begins, begins + period, period))
        elif one.reaction == "subscriptions.shorten_after_refund" and one.body["shorten"]:
            for bought in self.time.values():
                self._shorten(bought, one.body)

    def _shorten(self, bought: list[Stretch], news: dict[str, Any]) -> None:
        moved = timedelta()
        for stretch in bought:
            stretch.begins, stretch.ends = stretch.begins - moved, stretch.ends - moved
            if stretch.invoice_id == news["invoice_id"]:
                left = max(timedelta(), stretch.ends - max(stretch.begins, self.now))
                share = timedelta(seconds=int(stretch.whole.total_seconds()) * news["minor"] // news["of_minor"])
                moved = left if news["full"] else min(left, share)
                stretch.ends -= moved
