from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import redis as redis_client
import structlog
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient

from apps.sandbox.stack import Stack
from apps.web.main import create
from apps.web.webhooks import LARGEST
from services.kit import Kit
from services.platform.db import Database
from services.platform.tls import trusted
from tests.factories import database_url, kit, make_paid_invoice, make_tariff, make_user

SECRET = "telegrams-secret-1234"
WEBHOOK = {
    "TELEGRAM_MODE": "webhook",
    "TELEGRAM_WEBHOOK_SECRET": SECRET,
    "PUBLIC_URL": "https://kiosk.example.net",
    "DB_POOL_SIZE": "5",
}
PROVEN = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


@pytest.fixture
def web_kit(db: Database, stack: Stack, redis: redis_client.Redis) -> Iterator[Kit]:
    with kit(database_url(db), stack.redis_url, "web", **WEBHOOK) as made:
        yield made


@pytest.fixture
def web(web_kit: Kit) -> Iterator[TestClient]:
    with TestClient(create(web_kit), raise_server_exceptions=False) as client:
        yield client


@contextmanager
def served(made: Kit) -> Iterator[int]:
    """The application behind a real server; gives its port."""
    server = uvicorn.Server(uvicorn.Config(create(made), host="127.0.0.1", port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


def rows(db: Database, sql: str) -> list[Any]:
    with db.begin() as tx:
        return list(tx.execute(text(sql)))


def update(number: int = 1, **more: Any) -> bytes:
    return json.dumps({"update_id": number, "message": {"text": "привет"}, **more}).encode()


# --- Telegram ---------------------------------------------------------------------------------------------------------


def test_an_update_is_stored_once_for_the_worker(web: TestClient, db: Database) -> None:
    for _ in range(3):
        assert web.post("/webhooks/telegram", content=update(5), headers=PROVEN).status_code == 200
    assert web.post("/webhooks/telegram", content=update(4, unknown={"a": 1}), headers=PROVEN).status_code == 200
    stored = rows(db, "SELECT bot_id, update_id, state, payload FROM telegram_updates ORDER BY update_id")
    assert [(row.bot_id, row.update_id, row.state) for row in stored] == [(123456789, 4, "new"), (123456789, 5, "new")]
    assert stored[0].payload == json.loads(update(4, unknown={"a": 1}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Telegram-Bot-Api-Secret-Token": ""},
        {"X-Telegram-Bot-Api-Secret-Token": SECRET[:-1]},
        {"X-Telegram-Bot-Api-Secret-Token": SECRET + "x"},
        {"X-Telegram-Bot-Api-Secret-Token": "секрет".encode()},
        {"X-Telegram-Bot-Api-Secret-Token": b"\xff\xfe"},
    ],
)
def test_nobody_but_telegram_is_heard(web: TestClient, db: Database, headers: Any) -> None:
    answer = web.post("/webhooks/telegram", content=update(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert SECRET not in answer.text
    assert rows(db, "SELECT 1 FROM telegram_updates") == []


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"{",
            b"[]",
            b"null",
            b"\xff",
            b"{}",
            b'{"update_id": "1"}',
            b'{"update_id": 1.0}',
            b'{"update_id": true}',
        ),
        *(b'{"update_id": -1}', b'{"update_id": 9223372036854775808}', b'{"update_id": null}', b'{"update_id": [1]}'),
        *(b'{"update_id": 1, "a": "\\u0000"}', b'{"update_id": 1, "a": "\\ud800"}', b'{"update_id": 1, "a": 1e999}'),
        b'{"update_id": 1, "a": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_what_is_no_update_is_refused_without_an_echo(web: TestClient, db: Database, body: bytes) -> None:
    answer = web.post("/webhooks/telegram", content=body, headers=PROVEN)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_document")
    assert set(answer.json()) == {"type", "title", "status", "code"}
    assert rows(db, "SELECT 1 FROM telegram_updates") == []


def test_the_longest_and_the_highest_pass_and_longer_is_cut_off(web: TestClient, db: Database) -> None:
    assert web.post("/webhooks/telegram", content=update(2**63 - 1), headers=PROVEN).status_code == 200
    fitting = update(1, pad="x" * (LARGEST - len(update(1, pad=""))))
    assert len(fitting) == LARGEST
    assert web.post("/webhooks/telegram", content=fitting, headers=PROVEN).status_code == 200
    assert web.post("/webhooks/telegram", content=fitting + b" ", headers=PROVEN).status_code == 413
    assert web.post("/webhooks/yookassa", content=fitting + b" ").status_code == 413
    assert len(rows(db, "SELECT 1 FROM telegram_updates")) == 2


def test_a_bot_that_polls_has_no_such_door(db: Database, stack: Stack) -> None:
    with kit(database_url(db), stack.redis_url, "web") as made, TestClient(create(made)) as client:
        assert client.post("/webhooks/telegram", content=update(), headers=PROVEN).status_code == 404


def test_without_a_database_senders_are_asked_to_come_again(stack: Stack) -> None:
    nowhere = "postgresql://postgres@/kiosk?host=/nowhere"
    with kit(nowhere, stack.redis_url, "web", **WEBHOOK) as made, TestClient(create(made)) as client:
        for answer in (
            client.post("/webhooks/telegram", content=update(), headers=PROVEN),
            client.post("/webhooks/yookassa", content=notification(str(uuid.uuid4()))),
        ):
            assert (answer.status_code, answer.json()["code"]) == (503, "try_later")
            assert int(answer.headers["Retry-After"]) > 0


def test_a_sender_that_leaves_in_the_middle_is_no_crash(web_kit: Kit, db: Database) -> None:
    with structlog.testing.capture_logs() as said, served(web_kit) as port:
        with socket.create_connection(("127.0.0.1", port)) as leaving:
            head = "POST /webhooks/yookassa HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"
            leaving.sendall(head.encode())
            time.sleep(0.2)  # there is nothing to be heard of a request that waits
        with socket.create_connection(("127.0.0.1", port)) as staying:
            staying.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"200 OK" in staying.makefile("rb").read()
    assert not [entry for entry in said if entry["log_level"] == "error"]


# --- payment providers ------------------------------------------------------------------------------------------------


def notification(external_id: str, event: str = "payment.succeeded") -> bytes:
    return json.dumps(
        {"type": "notification", "event": event, "object": {"id": external_id, "status": "succeeded"}}
    ).encode()


@pytest.fixture
def awaited(web_kit: Kit, db: Database) -> str:
    """The external id of an attempt which waits for its buyer."""
    now = web_kit.clock.now()
    with db.begin() as tx:
        make_tariff(tx, now)
        make_paid_invoice(tx, now - timedelta(minutes=5), make_user(tx, now).party)
        tx.execute(text("UPDATE payments SET state = 'awaiting_user'"))
        tx.execute(text("UPDATE invoices SET state = 'open', paid_at = NULL"))
        return str(tx.scalar(text("SELECT external_id FROM payments")))


def test_twenty_notifications_at_once_are_one_row_and_one_event(web_kit: Kit, db: Database, awaited: str) -> None:
    import httpx

    with (
        served(web_kit) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", verify=trusted(), trust_env=False) as client,
        ThreadPoolExecutor(20) as pool,
    ):
        answers = list(pool.map(lambda _: client.post("/webhooks/yookassa", content=notification(awaited)), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    ((times,),) = rows(db, "SELECT times FROM payment_notifications")
    assert times == 20
    assert len(rows(db, "SELECT 1 FROM outbox_events WHERE name = 'billing.notification_stored'")) == 1


def test_a_forged_notification_moves_nothing(web: TestClient, db: Database, awaited: str) -> None:
    for forged in (notification(str(uuid.uuid4())), notification(awaited)):
        assert web.post("/webhooks/yookassa", content=forged).status_code == 200
    assert [tuple(row) for row in rows(db, "SELECT state FROM payments")] == [("awaiting_user",)]
    assert rows(db, "SELECT 1 FROM ledger_transactions") == []
    assert len(rows(db, "SELECT 1 FROM outbox_events WHERE name = 'billing.notification_stored'")) == 1, (
        "about ours only"
    )


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"garbage", b"[]", b"{}", b'{"event": "payment.succeeded"}', notification("x", "invented")),
        *(
            notification(""),
            notification("x" * 65),
            notification("a\nb"),
            b'{"event": ["payment.succeeded"], "object": {}}',
        ),
        *(b'{"event": "payment.succeeded", "object": {"id": 5}}', b'{"event": "payment.succeeded", "object": []}'),
    ],
)
def test_garbage_is_refused_and_not_kept(web: TestClient, db: Database, body: bytes) -> None:
    answer = web.post("/webhooks/yookassa", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_notification")
    assert rows(db, "SELECT 1 FROM payment_notifications") == []


def test_doors_of_providers_we_do_not_have(web: TestClient) -> None:
    assert web.post("/webhooks/robokassa", content=b"{}").status_code == 404
    assert web.post("/webhooks/", content=b"{}").status_code == 404
    assert web.get("/webhooks/yookassa").status_code == 405


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
NOTICES = st.fixed_dictionaries(
    {"event": st.sampled_from(["payment.succeeded", "refund.succeeded"]) | JSON},
    optional={"object": st.fixed_dictionaries({"id": JSON}, optional={"metadata": JSON}) | JSON, "type": JSON},
)
UPDATES = st.fixed_dictionaries({"update_id": st.integers(0, 2**64) | JSON}, optional={"message": JSON})
BODIES = st.binary(max_size=200) | (NOTICES | UPDATES | JSON).map(lambda body: json.dumps(body).encode())


def test_no_body_breaks_the_doors(web: TestClient) -> None:
    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(BODIES)
    def check(body: bytes) -> None:
        assert web.post("/webhooks/telegram", content=body, headers=PROVEN).status_code in (200, 400)
        assert web.post("/webhooks/yookassa", content=body).status_code in (200, 400)

    check()
