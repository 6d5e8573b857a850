"""What people do with subscriptions, codes and tokens at the same moment, with the processes of the Procfile: several
jobs, several clocks, a web that everybody calls at once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from dateutil.relativedelta import relativedelta
from sqlalchemy import text

from apps.sandbox.stack import Stack
from services import catalog, identity, ledger, promotions, subscriptions
from services.identity import User
from services.platform.clock import Clock
from services.platform.db import Database
from services.platform.tls import trusted
from tests.processes.town import Town, open_town
from tests.services.wallet.token_shop import give, put_on_sale

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
PROCESSES = ("web", "jobs", "jobs.2", "clock", "clock.2")
SMOOTH = """
[[tariff]]
slug = "vpn-week"
product = "week"
name = {ru = "VPN на неделю", uk = "VPN на тиждень", en = "VPN for a week"}
description = {ru = "Неделя", uk = "Тиждень", en = "A week"}
prices = {RUB = "99.00"}
period = {days = 7}
access = []
"""
_people = itertools.count(6_200_000_000)


@pytest.fixture(scope="module")
def town(stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own: its time passes."""
    stack.create_database("town_of_life", template)
    database = Database(stack.database_url("town_of_life"))
    with open_town(tmp_path_factory.mktemp("life"), stack, database) as town:
        town.keep(*PROCESSES)
        yield town
    database.close()
    stack.drop_database("town_of_life")


class Programs:
    """Programs of the operator that call the web process, each with a key and a connection of its own."""

    def __init__(self, town: Town, count: int) -> None:
        with town.db.begin() as tx:
            self._keys = [
                identity.create_client(
                    tx,
                    name=f"program {next(_people)}",
                    scopes=tuple(identity.scopes()),
                    actor="console:tests",
                    now=clock(town).now(),
                ).key
                for _ in range(count)
            ]
        self._url = town.web_url

    def post_all(self, calls: list[tuple[str, dict[str, Any]]]) -> list[httpx.Response]:
        """Each program makes its share of the calls, all programs at once."""

        def share(number: int) -> list[httpx.Response]:
            headers = {"Authorization": f"Bearer {self._keys[number]}"}
            with httpx.Client(
                base_url=self._url, headers=headers, verify=trusted(), trust_env=False, timeout=30
            ) as http:
                return [http.post(path, json=body) for path, body in calls[number :: len(self._keys)]]

        with ThreadPoolExecutor(len(self._keys)) as pool:
            return [answer for answers in pool.map(share, range(len(self._keys))) for answer in answers]


def clock(town: Town) -> Clock:
    return Clock(str(town.environment["CLOCK_URL"]))


def newcomers(town: Town, count: int) -> list[User]:
    with town.db.begin() as tx:
        return [
            identity.greet(
                tx,
                telegram_id=next(_people),
                first_name="Ann",
                username=None,
                language_code="en",
                now=clock(town).now(),
            )
            for _ in range(count)
        ]


def scalar(town: Town, sql: str, **values: object) -> Any:
    with town.db.begin() as tx:
        return tx.scalar(text(sql), values)


def pay(town: Town, payment_id: int, notify: str) -> None:
    external_id = scalar(town, "SELECT external_id FROM payments WHERE id = :id", id=payment_id)
    town.tell(f"/yookassa/payments/{external_id}/pay", outcome="success", notify=notify)


def test_the_last_use_of_a_code_by_fifty_people_at_once(town: Town) -> None:
    people = newcomers(town, 50)
    with town.db.begin() as tx:
        fields = {"code": "LAST", "kind": "percent", "value": "50", "total": "1"}
        promotions.create(tx, fields, actor="console:tests", now=clock(town).now())
    asked = [{"user_id": one.id, "tariff": "vpn-1m", "promo_code": "last"} for one in people]
    answers = Programs(town, 10).post_all([("/api/v1/payments/create", body) for body in asked])
    refused = Counter(answer.json()["code"] for answer in answers if answer.status_code != 201)
    assert refused == {"promo_used_up": 49}
    assert scalar(town, "SELECT count(*) FROM payments WHERE amount_minor = 14950") == 1
    assert scalar(town, "SELECT count(*) FROM invoices WHERE quote ->> 'promo' = 'LAST'") == 1


def test_twenty_programs_spend_the_same_tokens_at_once(town: Town) -> None:
    (anna,) = newcomers(town, 1)
    with town.db.begin() as tx:
        put_on_sale(tx, clock(town).now())
        give(tx, anna.party, clock(town).now(), tokens=260, bonus=50)
    path = f"/api/v1/users/{anna.id}/spend"
    answers = Programs(town, 20).post_all([(path, {"amount": 30, "description": "CV"})] * 40)
    told = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
    assert told == {(201, None): 10, (409, "insufficient_balance"): 30}
    with town.db.begin() as tx:
        assert -ledger.balance(tx, f"tokens:{anna.party}", "TOKEN").minor == 10
        assert ledger.balance(tx, f"bonus:{anna.party}", "BONUS").minor == 0
        assert ledger.prove(tx) == []


def test_two_renewals_at_once_add_twice_and_a_notice_that_comes_twice_once(town: Town) -> None:
    people = newcomers(town, 8)
    bought = [{"user_id": one.id, "tariff": slug} for one in people for slug in ("vpn-1m", "vpn-3m")]
    answers = Programs(town, 8).post_all([("/api/v1/payments/create", body) for body in bought])
    opened = [answer.json()["payment_id"] for answer in answers]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda payment_id: pay(town, payment_id, "twice"), opened))
    marks = {"first": min(one.id for one in people), "last": max(one.id for one in people)}
    lines = (
        "SELECT count(*) FROM subscription_changes c JOIN subscriptions s ON s.id = c.subscription_id"
        " WHERE c.invoice_id IS NOT NULL AND split_part(s.party, ':', 2)::bigint BETWEEN :first AND :last"
    )
    town.until("all sixteen have extended", lambda: scalar(town, lines, **marks) == 16)
    with town.db.begin() as tx:
        for one in people:
            (mine,) = subscriptions.subscriptions_of(tx, one.party)
            assert mine.ends_at == mine.started_at + relativedelta(months=4)


def test_two_clocks_remind_once_of_each_end(town: Town) -> None:
    with town.db.begin() as tx:
        catalog.import_catalogue(tx, SMOOTH, clock(town).now())
    town.tell("/clock/move", seconds=(33 - clock(town).now().hour) % 24 * 3600 or 24 * 3600)  # to 9:00 UTC, noon
    people = newcomers(town, 10)
    bought = [("/api/v1/payments/create", {"user_id": one.id, "tariff": "vpn-week"}) for one in people]
    for answer in Programs(town, 5).post_all(bought):
        pay(town, answer.json()["payment_id"], "once")
    own = "SELECT count(*) FROM subscriptions WHERE product = 'week'"
    town.until("all ten run", lambda: scalar(town, own) == 10)
    told = "SELECT count(*) FROM messages WHERE kind = 'reminder' AND params ->> 'kind' = :kind"
    for days, kind in ((4, "72h"), (1, "48h"), (1, "24h")):
        town.tell("/clock/move", seconds=int(timedelta(days=days).total_seconds()) + 600)
        town.until(f"all ten are told: {kind}", lambda kind=kind: scalar(town, told, kind=kind) >= 10)  # type: ignore[misc]
    town.tell("/clock/move", seconds=int(timedelta(days=1).total_seconds()))
    ended = "SELECT count(*) FROM messages WHERE kind = 'expired'"
    town.until("all ten have ended", lambda: scalar(town, ended) >= 10)
    for kind in ("72h", "48h", "24h"):
        assert scalar(town, told, kind=kind) == 10
    assert scalar(town, ended) == 10
    each = "SELECT max(n) FROM (SELECT count(*) AS n FROM subscription_reminders GROUP BY subscription_id, kind) AS one"
    assert scalar(town, each) == 1
