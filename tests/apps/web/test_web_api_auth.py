from __future__ import annotations

from typing import Any

import pytest
import structlog
from starlette.testclient import TestClient

from apps.sandbox.stack import Stack
from apps.web.main import create
from services import identity
from tests.apps.web.api_caller import Api, calling, checked, new_key, problem
from tests.factories import kit
from tests.world import Kiosk

PAYMENT = "/api/v1/payments/1"


def test_no_key_no_answer(api: Api) -> None:
    answer = checked(api.http.get(PAYMENT))
    assert problem(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="kiosk"'


@pytest.mark.parametrize(
    "header",
    [
        *("", "Bearer", "Bearer ", "Basic a2V5OmtleQ==", "bearer kiosk_1_x", "kiosk_1_x", "Bearer kiosk_1_" + "A" * 43),
        *("Bearer " + "x" * 5000, b"Bearer \xff\xfe", "Bearer a b"),
    ],
)
def test_what_is_no_key_is_refused_and_not_echoed(api: Api, header: Any) -> None:
    answer = checked(api.http.get(PAYMENT, headers={"Authorization": header}))
    assert problem(answer) == (401, "unauthenticated")
    assert set(answer.json()) == {"type", "title", "status", "code"}
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_two_keys_are_none(api: Api) -> None:
    keys = [("Authorization", f"Bearer {api.key}"), ("Authorization", f"Bearer {api.key}")]
    assert problem(checked(api.http.get(PAYMENT, headers=keys))) == (401, "unauthenticated")
    assert problem(checked(api.http.get(PAYMENT, headers=keys[:1]))) == (404, "payment_not_found")


def test_the_word_bearer_in_any_case(api: Api) -> None:
    for word in ("bearer", "BEARER"):
        answer = checked(api.http.get(PAYMENT, headers={"Authorization": f"{word} {api.key}"}))
        assert problem(answer) == (404, "payment_not_found")


def test_a_revoked_key_is_none(api: Api, kiosk: Kiosk) -> None:
    assert problem(api.get(PAYMENT)) == (404, "payment_not_found")
    with kiosk.kit.db.begin() as tx:
        identity.revoke_client(tx, identity.clients(tx)[0].id, actor="console:tests", now=kiosk.now)
    answer = api.get(PAYMENT)
    assert problem(answer) == (401, "unauthenticated")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("payments:refund", "POST", "/api/v1/payments/create"),
        ("payments:refund", "POST", "/api/v1/payments/1/retry"),
        ("payments:refund", "GET", PAYMENT),
        ("payments", "POST", "/api/v1/payments/1/refund"),
    ],
)
def test_a_key_opens_what_its_scopes_say(kiosk: Kiosk, scope: str, method: str, path: str) -> None:
    missing = {"payments": "payments:refund", "payments:refund": "payments"}[scope]
    with calling(kiosk.kit, scope) as api:
        answer = api.call(method, path, None if method == "GET" else {"nonsense": True})
        assert problem(answer) == (403, "insufficient_scope")
        assert f'scope="{missing}"' in answer.headers["WWW-Authenticate"]
        api.key = new_key(kiosk.kit, missing)
        assert api.call(method, path, None if method == "GET" else {"nonsense": True}).status_code in (400, 404)


def test_failures_are_logged_with_the_callers_address_and_without_the_key(api: Api, kiosk: Kiosk) -> None:
    wrong = api.key[:-1] + ("A" if api.key[-1] != "A" else "B")
    with structlog.testing.capture_logs() as said:
        headers = {"Authorization": f"Bearer {wrong}", "X-Forwarded-For": "6.6.6.6, 203.0.113.7"}
        assert checked(api.http.get(PAYMENT, headers=headers)).status_code == 401
        api.get(PAYMENT, headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.8"})
    (failure,) = [entry for entry in said if entry["event"] == "authentication_failed"]
    assert failure["client_address"] == "203.0.113.7"
    assert failure["error"].startswith("not the key of client ")
    assert wrong.split("_", 2)[2][:20] not in str(said)
    assert "203.0.113.8" not in str(said), "who is let in is not written down"


def test_use_is_noted(api: Api, kiosk: Kiosk) -> None:
    before = kiosk.now
    api.get(PAYMENT)
    assert kiosk.scalar("SELECT last_used_at FROM api_clients") >= before


def test_without_a_database_callers_are_asked_to_come_again(stack: Stack) -> None:
    nowhere = "postgresql://postgres@/kiosk?host=/nowhere"
    with kit(nowhere, stack.redis_url, "web") as made, TestClient(create(made)) as http:
        answer = checked(http.get(PAYMENT, headers={"Authorization": "Bearer kiosk_1_" + "A" * 43}))
    assert problem(answer) == (503, "try_later")
    assert int(answer.headers["Retry-After"]) > 0
