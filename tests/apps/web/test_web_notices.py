"""Notifications in the forms that providers have: by POST and GET, signed and not, answered in the words they want."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import redis as redis_client
import structlog
from sqlalchemy import text
from starlette.testclient import TestClient

from apps.sandbox.stack import Stack
from apps.web.main import create
from services.platform.db import Database
from tests.apps.web.api_caller import checked, problem
from tests.factories import database_url, kit

ALIAS = "/api/v1/payments/webhook"
PROVIDERS = {
    "PAYMENT_PROVIDERS": "yookassa,robokassa,stars,balance",
    "ROBOKASSA_MERCHANT_LOGIN": "kiosk",
    "ROBOKASSA_PASSWORD_1": "password-one",
    "ROBOKASSA_PASSWORD_2": "password-two",
    "TRUSTED_PROXY_HOPS": "1",
}


@pytest.fixture
def web(db: Database, stack: Stack, redis: redis_client.Redis) -> Iterator[TestClient]:
    with (
        kit(database_url(db), stack.redis_url, "web", **PROVIDERS) as made,
        TestClient(create(made), raise_server_exceptions=False) as client,
    ):
        yield client


def form(password: str = "password-two", **more: str) -> dict[str, str]:
    """Robokassa's ResultURL: MD5 of OutSum:InvId:Password2, OutSum as it is written there."""
    signature = hashlib.md5(f"299.000000:7:{password}".encode(), usedforsecurity=False).hexdigest()
    return {"OutSum": "299.000000", "InvId": "7", "SignatureValue": signature, "EMail": "anna@example.net", **more}


def notification() -> dict[str, Any]:
    return {"type": "notification", "event": "payment.succeeded", "object": {"id": "x" * 36, "status": "succeeded"}}


def stored(db: Database) -> list[tuple[str, str, str]]:
    sql = "SELECT provider, kind, external_id FROM payment_notifications ORDER BY id"
    with db.begin() as tx:
        return [tuple(row) for row in tx.execute(text(sql))]


def test_robokassa_hears_its_number_by_either_method(web: TestClient, db: Database) -> None:
    by_post = web.post(
        "/webhooks/robokassa",
        content=urlencode(form()),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    by_get = web.get("/webhooks/robokassa", params=form())
    for answer in (by_post, by_get):
        assert (answer.status_code, answer.text) == (200, "OK7")
        assert answer.headers["content-type"].startswith("text/plain")
    assert stored(db) == [("robokassa", "result", "7")]


def test_what_was_not_stored_is_not_acknowledged(web: TestClient, db: Database) -> None:
    with db.begin() as tx:
        tx.execute(text("ALTER TABLE payment_notifications RENAME TO gone"))
    answer = web.get("/webhooks/robokassa", params=form())
    assert problem(answer) == (503, "try_later")
    assert "OK7" not in answer.text
    with db.begin() as tx:
        tx.execute(text("ALTER TABLE gone RENAME TO payment_notifications"))
    assert web.get("/webhooks/robokassa", params=form()).text == "OK7"


def test_a_forged_one_is_refused_and_only_its_senders_address_is_written_down(web: TestClient, db: Database) -> None:
    with structlog.testing.capture_logs() as said:
        forwarded = {"X-Forwarded-For": "185.59.216.65, 203.0.113.7"}
        answer = web.get("/webhooks/robokassa", params=form("password-twe"), headers=forwarded)
        web.get("/webhooks/robokassa", params=form(), headers={"X-Forwarded-For": "203.0.113.8"})
    assert problem(answer) == (400, "bad_notification")
    (rejected,) = [entry for entry in said if entry["event"] == "notification_rejected"]
    assert (rejected["provider"], rejected["client_address"]) == ("robokassa", "203.0.113.7")
    for secret in ("anna@example.net", "185.59.216.65", "203.0.113.8", "password-two", form()["SignatureValue"]):
        assert secret not in str(said)


def test_yookassa_only_posts(web: TestClient, db: Database) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = web.request(method, "/webhooks/yookassa", params={"OutSum": "1"})
        assert answer.status_code == 405
        assert answer.headers["Allow"]
    assert web.head("/webhooks/robokassa", params=form()).status_code == 405
    assert stored(db) == []


def test_the_address_in_the_api_is_yookassas(web: TestClient, db: Database) -> None:
    answer = checked(web.post(ALIAS, json=notification()))
    assert (answer.status_code, answer.text) == (200, "")
    assert web.post("/webhooks/yookassa", json=notification()).status_code == 200
    assert stored(db) == [("yookassa", "payment.succeeded", "x" * 36)]
    assert problem(checked(web.post(ALIAS, content=b"{}"))) == (400, "bad_notification")
    assert problem(checked(web.post(ALIAS, content=b"x" * (1024 * 1024 + 1)))) == (413, "too_large")
    assert (
        checked(web.post(ALIAS, content=json.dumps(notification()), headers={"Content-Type": "text/plain"})).text == ""
    )


@pytest.mark.parametrize("provider", ["stars", "balance", "telegram", "paypal", "yookassa%00", "%2e%2e"])
def test_those_that_do_not_notify_by_http_have_no_door(web: TestClient, db: Database, provider: str) -> None:
    assert problem(web.post(f"/webhooks/{provider}", json=notification()))[0] == 404
    assert stored(db) == []


def test_without_yookassa_its_address_in_the_api_is_closed(db: Database, stack: Stack) -> None:
    robokassa_only = PROVIDERS | {"PAYMENT_PROVIDERS": "robokassa"}
    with kit(database_url(db), stack.redis_url, "web", **robokassa_only) as made, TestClient(create(made)) as client:
        assert problem(checked(client.post(ALIAS, json=notification()))) == (404, "not_found")
