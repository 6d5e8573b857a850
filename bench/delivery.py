"""From a paid notification to the configuration in the chat: seconds from the notification's arrival at the web process
(payment_notifications.received_at) to the sandbox Bot API having taken sendDocument.

Real processes (web, jobs, clock), a real PostgreSQL and Redis, two purchases a second by different people; once alone,
once while 50 requests a second go to the web process (half of them GET /health, half notifications of payments nobody
knows). The promise is 2 seconds for 95 of 100 in the second case. The messages' pace (25 a second, 1 a second to a
chat) is in force. Where the time goes is told by the outbox: from an event to the end of each reaction to it."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

import httpx
from sqlalchemy import text

from bench.purchases import TARIFF
from bench.rig import Process, percentile, rig, table
from services import billing, identity
from services.kit import Kit
from services.platform.clock import wall_clock
from services.platform.tls import trusted

PURCHASES = 100
PER_SECOND = 2
BACKGROUND = 50  # requests a second
CLIENTS = 4  # threads that send them
PROMISE = 2.0  # seconds
PATIENCE = 60.0  # seconds for the last document

ARRIVED = """SELECT users.telegram_id, extract(epoch FROM received_at)::float FROM payment_notifications
    JOIN payments USING (provider, external_id) JOIN users ON payments.party = 'user:' || users.id"""
HOPS = """SELECT reaction, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
        ORDER BY extract(epoch FROM done_at - occurred_at)) AS shares
    FROM outbox_deliveries JOIN outbox_events ON id = event_id
    WHERE done_at IS NOT NULL AND occurred_at > :begin GROUP BY reaction ORDER BY min(event_id)"""


class Shop:
    """Buyers, and their way to the provider's page."""

    def __init__(self, kit: Kit, http: httpx.Client) -> None:
        self._kit, self._http = kit, http

    def buyer(self) -> tuple[int, identity.Party]:
        """Somebody who pressed Start: (id at Telegram, party)."""
        user = self._post("/telegram/chat/api/users", first_name="Anna", language_code="ru")
        self._post(f"/telegram/chat/api/users/{user['id']}/text", text="/start")
        with self._kit.db.begin() as tx:
            known = identity.greet(
                tx, telegram_id=user["id"], first_name="Anna", username=None, language_code="ru", now=wall_clock()
            )
        return known.telegram_id, known.party

    def buy(self, party: identity.Party) -> None:
        """To the page, and pays there; YooKassa notifies once."""
        opened = billing.checkout(
            self._kit.db,
            self._kit.providers["yookassa"],
            party=party,
            tariff=TARIFF,
            description="VPN",
            return_url="https://t.me/kiosk_bot",
            now=wall_clock(),
        )
        assert opened.pay_url
        external_id = opened.pay_url.rstrip("/").rsplit("/", 1)[1]
        self._post(f"/yookassa/payments/{external_id}/pay", outcome="success", notify="once")

    def _post(self, path: str, **body: object) -> dict[str, int]:
        answer: dict[str, int] = self._http.post(path, json=body).raise_for_status().json()
        return answer


@contextmanager
def background(web_url: str) -> Iterator[list[float]]:
    """Requests at an even pace. Yields how long each took, in seconds. Raises SystemExit when any was refused."""
    took: list[float] = []
    refused: list[int] = []
    stop = threading.Event()

    def client(number: int) -> None:
        pause = CLIENTS / BACKGROUND
        due = time.monotonic() + number * pause / CLIENTS
        with httpx.Client(base_url=web_url, verify=trusted(), trust_env=False, timeout=10) as http:
            for count in itertools.count():
                if stop.wait(max(0, due - time.monotonic())):
                    return
                due += pause
                began = time.perf_counter()
                answer = http.get("/health") if count % 2 else http.post("/webhooks/yookassa", content=unknown())
                took.append(time.perf_counter() - began)
                if answer.status_code != 200:
                    refused.append(answer.status_code)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield took
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if refused:
        raise SystemExit(f"{len(refused)} of {len(took)} requests were refused: {sorted(set(refused))}")


def unknown() -> bytes:
    """YooKassa's notification of a payment that is nobody's."""
    payment = {"id": str(uuid.uuid4()), "status": "succeeded"}
    return json.dumps({"type": "notification", "event": "payment.succeeded", "object": payment}).encode()


def purchases(kit: Kit, http: httpx.Client, world: Process) -> list[float]:
    """Latencies in seconds."""
    shop = Shop(kit, http)
    buyers = [shop.buyer() for _ in range(PURCHASES)]
    began = time.monotonic()
    for number, (_, party) in enumerate(buyers):
        time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        shop.buy(party)
    wanted = {telegram_id for telegram_id, _ in buyers}
    world.wait_for(lambda: wanted <= documents(world).keys(), PATIENCE)
    with kit.db.begin() as tx:
        arrived = {chat: at for chat, at in tx.execute(text(ARRIVED)) if chat in wanted}
    return [documents(world)[chat] - at for chat, at in arrived.items()]


def documents(world: Process) -> dict[int, float]:
    """When each chat got its file: {chat: seconds of the wall clock}."""
    said = re.findall(r"^document ([0-9]+) ([0-9.]+)$", world.log.read_text(), re.MULTILINE)
    return {int(chat): float(at) for chat, at in said}


def hops(kit: Kit, begin: datetime) -> None:
    with kit.db.begin() as tx:
        rows = tx.execute(text(HOPS), {"begin": begin}).all()
    table(
        ("From an event to the end of its reaction, under load", "P50", "P95"),
        [(reaction, *(f"{share * 1000:,.0f} ms" for share in shares)) for reaction, shares in rows],
    )


def main() -> None:
    rows = []
    with rig() as stand, ExitStack() as processes, stand.kit("console") as kit:
        world = stand.town(processes, "web", "jobs", "clock")
        http = processes.enter_context(
            httpx.Client(base_url=stand.world_url, verify=trusted(), trust_env=False, timeout=20)
        )
        alone = purchases(kit, http, world)
        half = wall_clock()
        with background(stand.web_url) as requests:
            loaded = purchases(kit, http, world)
        for what, took, promise in (
            (f"{PURCHASES} purchases, alone", alone, "–"),
            (f"**{PURCHASES} purchases, {BACKGROUND} requests/s beside**", loaded, f"{PROMISE:.0f} s at P95"),
            (f"those {len(requests):,} requests", requests, "–"),
        ):
            shares = [f"{percentile(took, share) * 1000:,.0f} ms" for share in (0.5, 0.95, 0.99)]
            rows.append((what, *shares, promise))
        table(("From notification to file", "P50", "P95", "P99", "promise"), rows)
        hops(kit, half)


if __name__ == "__main__":
    main()
