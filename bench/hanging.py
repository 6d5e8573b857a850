"""A provider in trouble, and everybody else meanwhile: latencies of what does not need YooKassa, in seconds, while
YooKassa answers, answers nonsense, refuses, cuts connections, or says nothing at all.

Real processes (web, worker, jobs, clock), a real PostgreSQL and Redis. In every phase the same goes on at an even pace,
whether earlier things have ended or not: payments by Robokassa (from its notification's arrival to the money in the
books), payments opened by Robokassa over the HTTP API, /health, and /start in the chat; and beside them as many of
each kind that do need YooKassa: notifications of its payments, payments opened over the API, buyers who choose it in
the chat. Only the former are measured. Silence comes last: it outlives its phase."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from queue import SimpleQueue

import httpx
from sqlalchemy import text

from apps.bot.callbacks import Way
from apps.bot.screens.terms import DOCUMENT, TERMS_VERSION
from apps.sandbox.check import Message, Person, Stuck
from bench.purchases import TARIFF, newcomers
from bench.rig import percentile, rig, table
from services import billing, identity
from services.identity import Party
from services.kit import Kit
from services.platform.clock import wall_clock
from services.platform.tls import trusted

SECONDS = 12  # of a phase
PER_SECOND = 2  # of each kind
PEOPLE = 12  # who look at screens, and three times as many who buy
PATIENCE = 10.0  # seconds for what is under way when a phase ends
PHASES = {
    "YooKassa answers": None,
    "answers HTML (502)": "502",
    "answers 500": "500",
    "refuses (429)": "429",
    "cuts the connection": "dropped",
    "**says nothing**": "hang",
}
SETTLED = """SELECT extract(epoch FROM done_at - received_at)::float FROM payment_notifications AS notice
    JOIN outbox_events AS event ON name = 'billing.notification_stored'
      AND event.body ->> 'notification_id' = notice.id::text
    JOIN outbox_deliveries ON event_id = event.id
    WHERE provider = 'robokassa' AND received_at > :begin"""


@dataclass
class Town:
    """Everybody who buys or looks. `took` collects seconds by what was done; `failed` what was refused or lost."""

    kit: Kit
    web: httpx.Client
    world: httpx.Client
    parties: list[Party] = field(default_factory=list)
    lookers: SimpleQueue[Person] = field(default_factory=SimpleQueue)
    buyers: deque[tuple[Person, Message]] = field(default_factory=deque)
    due: dict[str, deque[str]] = field(default_factory=dict)
    took: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: list[str] = field(default_factory=list)
    keys: itertools.count[int] = field(default_factory=itertools.count)

    def move_in(self) -> None:
        count = len(PHASES) * SECONDS * PER_SECOND
        self.parties = newcomers(self.kit.db, count)
        for provider in ("robokassa", "yookassa"):
            self.due[provider] = deque(self._open(provider, party) for party in self.parties)
        for _ in range(PEOPLE):
            self.lookers.put(self._person()[0])
        self.buyers.extend(self._person() for _ in range(3 * PEOPLE))

    def pay(self, provider: str) -> None:
        external_id = self.due[provider].popleft()
        self.world.post(f"/{provider}/payments/{external_id}/pay", json={"outcome": "success"}).raise_for_status()

    def api(self, provider: str) -> int:
        number = next(self.keys)
        asked = {"user_id": self.parties[number % len(self.parties)].id, "tariff": TARIFF, "provider": provider}
        once = {"Idempotency-Key": f"bench-{number}"}
        return self.web.post("/api/v1/payments/create", json=asked, headers=once).status_code

    def look(self) -> None:
        person = self.lookers.get()
        try:
            person.say("/start")
        finally:
            self.lookers.put(person)

    def choose(self) -> None:
        """By YooKassa, without waiting for the screen."""
        self.buyers.rotate()
        person, screen = self.buyers[0]
        order = {"message_id": screen["message_id"], "data": Way("yookassa", TARIFF).pay().pack()}
        self.world.post(f"/telegram/chat/api/users/{person.id}/tap", json=order).raise_for_status()

    def time(self, what: str, act: Callable[[], int | None], due: float) -> None:
        """From the moment when it was due."""
        try:
            status = act()
        except (httpx.HTTPError, Stuck) as error:
            self.failed.append(f"{what}: {type(error).__name__}")
            return
        if status not in (None, 200, 201):
            self.failed.append(f"{what}: {status}")
        self.took[what].append(time.monotonic() - due)

    def _open(self, provider: str, party: Party) -> str:
        """An attempt whose buyer is on the page. Its id there."""
        opened = billing.checkout(
            self.kit.db,
            self.kit.providers[provider],
            party=party,
            tariff=TARIFF,
            description="VPN",
            return_url="https://t.me/kiosk_bot",
            now=wall_clock(),
        )
        assert opened.pay_url
        self.world.get(opened.pay_url, follow_redirects=True).raise_for_status()
        url = httpx.URL(opened.pay_url)
        return str(url.params.get("InvId") or url.path.rpartition("/")[2])

    def _person(self) -> tuple[Person, Message]:
        """Somebody who has agreed to the terms, and the screen in front of them."""
        person = Person(self.world, "Anna", "en", tell=lambda _: None, patience=30)
        screen = person.say("/start")
        with self.kit.db.begin() as tx:
            user = identity.find_user(tx, person.id)
            assert user
            identity.consent(tx, user.id, DOCUMENT, TERMS_VERSION, wall_clock())
        return person, screen


def phase(town: Town, mode: str | None) -> None:
    begin = wall_clock()
    town.took.clear()
    town.failed.clear()
    if mode:
        order = {"mode": mode, "path": "/v3/", "times": 1_000_000, "delay": 60}
        town.world.post("/yookassa/faults", json=order).raise_for_status()
    acts: dict[str, Callable[[], int | None]] = {
        "health": lambda: town.web.get("/health").status_code,
        "api": lambda: town.api("robokassa"),
        "screen": town.look,
    }
    beside = (lambda: town.pay("robokassa"), lambda: town.pay("yookassa"), lambda: town.api("yookassa"), town.choose)
    with ThreadPoolExecutor(200) as pool:
        first = time.monotonic()
        for number in range(SECONDS * PER_SECOND):
            due = first + number / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            for act in beside:
                pool.submit(act)
            for what, timed in acts.items():
                pool.submit(town.time, what, timed, due)
        settled(town, begin)
    town.world.delete("/yookassa/faults").raise_for_status()


def settled(town: Town, begin: datetime) -> None:
    """Waits for Robokassa's payments of this phase."""
    end = time.monotonic() + PATIENCE
    while True:
        with town.kit.db.begin() as tx:
            took = [seconds for seconds in tx.scalars(text(SETTLED), {"begin": begin}) if seconds is not None]
        if len(took) == SECONDS * PER_SECOND or time.monotonic() > end:
            break
        time.sleep(0.1)
    town.took["settled"] = took
    town.failed += ["settled: not yet"] * (SECONDS * PER_SECOND - len(took))


def main() -> None:
    rows = []
    kinds = ("settled", "health", "api", "screen")
    with rig() as stand, ExitStack() as stack, stand.kit("console") as kit:
        stand.town(stack, "web", "worker", "jobs", "clock")
        with kit.db.begin() as tx:
            issued = identity.create_client(tx, name="bench", scopes=["payments"], actor="bench", now=wall_clock())
        limits = httpx.Limits(max_connections=None)
        authorized = {"Authorization": f"Bearer {issued.key}"}
        web = httpx.Client(
            base_url=stand.web_url, verify=trusted(), trust_env=False, timeout=40, limits=limits, headers=authorized
        )
        world = httpx.Client(base_url=stand.world_url, verify=trusted(), trust_env=False, timeout=40, limits=limits)
        town = Town(kit, stack.enter_context(web), stack.enter_context(world))
        town.move_in()
        for what, mode in PHASES.items():
            phase(town, mode)
            shares = [
                " / ".join(f"{percentile(town.took[kind], share) * 1000:,.0f}" for share in (0.5, 0.95)) + " ms"
                for kind in kinds
            ]
            rows.append((what, *shares, str(len(town.failed))))
            for failure in sorted(set(town.failed)):
                print(f"{what}: {failure} ({town.failed.count(failure)} times)\n")
    header = ("P50 / P95 while YooKassa", "settled by Robokassa", "/health", "API, Robokassa", "/start in the chat")
    table((*header, "refused or lost"), rows)


if __name__ == "__main__":
    main()
