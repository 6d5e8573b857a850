"""Faults on order, notices and their repeats, forged notices."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.apps.sandbox.running_world import Till, payment_body, running_till


@pytest.mark.parametrize(
    ("mode", "status", "done"),
    [("202", 202, 0), ("429", 429, 0), ("500", 500, 0), ("500_after", 500, 1), ("502", 502, 0)],
)
def test_a_fault_answers_wrongly_and_goes(till: Till, mode: str, status: int, done: int) -> None:
    till.switch("/faults", mode=mode, method="POST", path="/v3/payments")
    assert till.ask("POST", "/payments", "key-1", payment_body()).status_code == status
    assert len(till.ask("GET", "/payments").json()["items"]) == done
    till.create("key-1")
    assert len(till.ask("GET", "/payments").json()["items"]) == 1
    assert [one["fault"] for one in till.client.get("/log").json()["requests"]] == [mode, None, None, None]


@pytest.mark.parametrize(("mode", "done"), [("dropped", 0), ("dropped_after", 1), ("hang", 0)])
def test_a_fault_cuts_the_connection(till: Till, mode: str, done: int) -> None:
    till.switch("/faults", mode=mode, delay=0.05)
    with pytest.raises(httpx.TransportError):
        till.ask("POST", "/payments", "key-1", payment_body())
    assert len(till.ask("GET", "/payments").json()["items"]) == done


def test_a_hanging_request_outlasts_the_clients_patience(till: Till) -> None:
    till.switch("/faults", mode="hang", delay=60)
    with pytest.raises(httpx.ReadTimeout):
        till.ask("GET", "/me", timeout=0.1)
    assert till.ask("GET", "/me").status_code == 200


def test_a_slow_answer_is_true_and_late(till: Till) -> None:
    till.switch("/faults", mode="slow", delay=0.2)
    began = time.monotonic()
    assert till.create("key-1")["status"] == "pending"
    assert time.monotonic() - began >= 0.2


def test_faults_are_counted_listed_and_cleared(till: Till) -> None:
    till.switch("/faults", mode="500", times=2, path="/v3/refunds")
    till.switch("/faults", mode="502", times=9)
    assert [till.ask("GET", path).status_code for path in ("/me", "/refunds", "/refunds", "/refunds")] == [
        502,
        500,
        500,
        502,
    ]
    assert [(one["mode"], one["times"]) for one in till.client.get("/faults").json()["faults"]] == [("502", 7)]
    assert till.client.delete("/faults").json() == {"faults": []}
    assert till.ask("GET", "/me").status_code == 200


@pytest.mark.parametrize("order", [{"mode": "404"}, {"mode": "500", "path": "payments"}, {"mode": "500", "times": 0}])
def test_a_senseless_fault_is_explained(till: Till, order: dict[str, Any]) -> None:
    answer = till.client.post("/faults", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]


def delivered(till: Till, count: int) -> list[dict[str, Any]]:
    """The deliveries once `count` of them are delivered."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        deliveries: list[dict[str, Any]] = till.client.get("/deliveries").json()["deliveries"]
        if sum(one["state"] == "delivered" for one in deliveries) == count:
            return deliveries
        time.sleep(0.01)
    raise AssertionError(f"not delivered: {deliveries}")


def test_a_payment_is_notified_with_the_whole_object(till: Till) -> None:
    paid = till.pay(till.create("key-1")["id"])
    assert till.notices.next() == {"type": "notification", "event": "payment.succeeded", "object": paid}
    body = {"payment_id": paid["id"], "amount": {"value": "1.00", "currency": "RUB"}}
    refund = till.ask("POST", "/refunds", "key-2", body).json()
    assert till.notices.next() == {"type": "notification", "event": "refund.succeeded", "object": refund}
    delivered(till, 2)
    assert till.notices.nothing_more()


def test_a_notice_is_repeated_until_the_shop_says_200(till: Till) -> None:
    for status in (500, 404):
        till.notices.answers.put(status)
    till.pay(till.create("key-1")["id"])
    (delivery,) = delivered(till, 1)
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 404, 200]


def test_a_waiting_notice_is_sent_after_a_restart(tmp_path: Path) -> None:
    with running_till(tmp_path) as till:
        till.switch("/settings", notification_url="http://127.0.0.1:1/nobody")
        till.pay(till.create("key-1")["id"])
    with running_till(tmp_path) as till:
        (delivery,) = till.client.get("/deliveries").json()["deliveries"]
        assert delivery["state"] == "waiting"
        before = len(delivery["attempts"])
        deadline = time.monotonic() + 10
        while len(till.client.get("/deliveries").json()["deliveries"][0]["attempts"]) == before:
            assert time.monotonic() < deadline


@pytest.mark.parametrize(("plan", "copies"), [("once", 1), ("twice", 2), ("storm", 20)])
def test_notices_come_as_chosen(till: Till, plan: str, copies: int) -> None:
    till.pay(till.create("key-1")["id"], notify=plan)
    assert len({till.notices.next()["object"]["id"] for _ in range(copies)}) == 1
    delivered(till, copies)
    assert till.notices.nothing_more()


def test_a_silent_shop_hears_by_hand_only(till: Till) -> None:
    till.switch("/settings", notify="never")
    paid = till.pay(till.create("key-1")["id"], outcome="decline", reason="card_expired")
    assert till.client.get("/deliveries").json() == {"deliveries": []}
    till.switch("/notify", payment_id=paid["id"], times=2, parallel=True)
    assert {till.notices.next()["event"] for _ in range(2)} == {"payment.canceled"}


def test_a_forged_notice_arrives_as_it_was_written(till: Till) -> None:
    forged = {"type": "notification", "event": "payment.succeeded", "object": {"id": "1" * 36, "status": "succeeded"}}
    till.switch("/forge", **forged)
    assert till.notices.next() == forged


def test_a_canceled_refund_is_told_to_nobody(till: Till) -> None:
    till.switch("/settings", refund="insufficient_funds", notify="never")
    paid = till.pay(till.create("key-1")["id"])
    till.switch("/settings", notify="once")
    body = {"payment_id": paid["id"], "amount": {"value": "299.00", "currency": "RUB"}}
    assert till.ask("POST", "/refunds", "key-2", body).json()["status"] == "canceled"
    assert till.client.get("/deliveries").json() == {"deliveries": []}
