"""The same call twice, at once, after a crash, or with a key that was another call's."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services import billing
from services.platform import idempotency
from tests.apps.web.api_caller import Api, faults, new_key, problem
from tests.factories import at_once
from tests.world import Kiosk

CREATE = "/api/v1/payments/create"


@pytest.fixture
def wanted(kiosk: Kiosk) -> dict[str, Any]:
    return {"user_id": kiosk.person().party.id, "tariff": "vpn-1m"}


def test_the_first_answer_is_given_again(api: Api, kiosk: Kiosk, wanted: dict[str, Any]) -> None:
    first = api.post(CREATE, wanted, once="order-17")
    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first.headers
    reordered = dict(reversed(wanted.items()))
    for body in (wanted, reordered):
        again = api.post(CREATE, body, once="order-17")
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["Idempotency-Replayed"] == "true"
    assert kiosk.count("payments") == 1


def test_another_key_is_another_payment_of_the_same_invoice(api: Api, kiosk: Kiosk, wanted: dict[str, Any]) -> None:
    made = [api.post(CREATE, wanted, once=f"order-{number}").json()["payment_id"] for number in range(3)]
    assert len(set(made)) == 3
    assert kiosk.count("invoices") == 1


def test_parallel_calls_with_one_key_are_one_payment(api: Api, kiosk: Kiosk, wanted: dict[str, Any]) -> None:
    answers = at_once(8, lambda _: api.post(CREATE, wanted, once="order-17"))
    outcomes = Counter(answer.status_code for answer in answers)
    assert set(outcomes) <= {201, 409}
    assert outcomes[201] >= 1
    assert len({answer.json()["payment_id"] for answer in answers if answer.status_code == 201}) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert problem(answer) == (409, "idempotency_key_in_use")
            assert int(answer.headers["Retry-After"]) > 0
    assert kiosk.count("payments") == 1
    assert api.post(CREATE, wanted, once="order-17").status_code == 201


@pytest.mark.parametrize(
    "change", [{"tariff": "vpn-12m"}, {"provider": "yookassa"}, {"return_url": "https://x.example/"}]
)
def test_a_key_names_one_request(api: Api, kiosk: Kiosk, wanted: dict[str, Any], change: dict[str, str]) -> None:
    first = api.post(CREATE, wanted, once="order-17").json()
    assert problem(api.post(CREATE, {**wanted, **change}, once="order-17")) == (422, "idempotency_key_reused")
    path = f"/api/v1/payments/{first['payment_id']}/retry"
    assert problem(api.post(path, wanted | {"user_id": 1}, once="order-17"))[0] == 400, "first of all it is malformed"
    assert problem(api.post(path, once="order-17")) == (422, "idempotency_key_reused")
    assert kiosk.count("payments") == 1


def test_keys_are_each_clients_own(api: Api, kiosk: Kiosk, wanted: dict[str, Any]) -> None:
    first = api.post(CREATE, wanted, once="1").json()
    api.key = new_key(kiosk.kit)
    assert api.post(CREATE, wanted, once="1").json()["payment_id"] != first["payment_id"]


@pytest.mark.parametrize("key", ["x" * 256, "a b", "\x7f", b"\xd0\xba"])
def test_bad_keys_do_nothing(api: Api, kiosk: Kiosk, wanted: dict[str, Any], key: Any) -> None:
    answer = api.post(CREATE, wanted, headers={"Idempotency-Key": key})
    assert problem(answer) == (400, "bad_idempotency_key")
    assert kiosk.count("payments") == 0


def test_two_keys_are_none(api: Api, wanted: dict[str, Any]) -> None:
    headers = [("Authorization", f"Bearer {api.key}"), ("Idempotency-Key", "1"), ("Idempotency-Key", "1")]
    answer = api.http.post(CREATE, json=wanted, headers=headers)
    assert problem(answer) == (400, "bad_idempotency_key")


def test_an_empty_key_is_a_bad_one(api: Api, wanted: dict[str, Any]) -> None:
    assert problem(api.post(CREATE, wanted, headers={"Idempotency-Key": ""})) == (400, "bad_idempotency_key")


def test_an_outage_leaves_the_key_free_and_the_payment_the_same(api: Api, kiosk: Kiosk, wanted: dict[str, Any]) -> None:
    kiosk.post("/yookassa/faults", mode="500_after", method="POST", times=2)
    assert problem(api.post(CREATE, wanted, once="order-17")) == (503, "checkout_failed")
    assert problem(api.post(CREATE, {**wanted, "tariff": "x"}, once="order-17")) == (422, "idempotency_key_reused")
    again = api.post(CREATE, wanted, once="order-17")
    assert again.status_code == 201
    assert kiosk.count("payments") == 1
    listed = kiosk.http.get("/yookassa/v3/payments?limit=100", auth=("100500", "test_SANDBOX")).json()["items"]
    keys = str(kiosk.scalar("SELECT key FROM payments"))
    assert len([payment for payment in listed if payment["metadata"].get("attempt") == keys]) == 1


def test_a_refusal_leaves_the_key_free(api: Api, kiosk: Kiosk, wanted: dict[str, Any]) -> None:
    switch(kiosk, on=False)
    assert problem(api.post(CREATE, wanted, once="order-17")) == (422, "provider_off")
    switch(kiosk, on=True)
    assert api.post(CREATE, wanted, once="order-17").status_code == 201


def switch(kiosk: Kiosk, *, on: bool) -> None:
    with kiosk.kit.db.begin() as tx:
        billing.switch(tx, "yookassa", on=on, actor="operator:1", reason="trouble", now=kiosk.now)


def test_a_crash_before_the_answer_was_stored_makes_no_second_payment(
    api: Api, kiosk: Kiosk, wanted: dict[str, Any]
) -> None:
    first = api.post(CREATE, wanted, once="order-17").json()
    with kiosk.kit.db.begin() as tx:  # as if the process had died right there
        tx.execute(
            text("UPDATE api_idempotency SET status = NULL, body = NULL, working_until = :until"),
            {"until": kiosk.now + idempotency.WORK},
        )
    assert problem(api.post(CREATE, wanted, once="order-17")) == (409, "idempotency_key_in_use")
    kiosk.pass_time(idempotency.WORK, step=timedelta(minutes=1))
    again = api.post(CREATE, wanted, once="order-17")
    assert (again.status_code, again.json()) == (201, first)
    assert kiosk.count("payments") == 1


def test_a_key_that_was_forgotten_still_finds_its_payment(api: Api, kiosk: Kiosk, wanted: dict[str, Any]) -> None:
    first = api.post(CREATE, wanted, once="order-17").json()
    with kiosk.kit.db.begin() as tx:
        assert idempotency.purge(tx, kiosk.now + timedelta(seconds=1)) == 1
    again = api.post(CREATE, wanted, once="order-17")
    assert again.json()["payment_id"] == first["payment_id"]
    assert kiosk.count("payments") == 1


def test_what_the_provider_refused_for_good_is_not_asked_for_ever(
    api: Api, kiosk: Kiosk, wanted: dict[str, Any]
) -> None:
    api.post(CREATE, wanted, once="order-17")
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE payments SET state = 'failed', pay_url = NULL"))
        tx.execute(text("UPDATE api_idempotency SET status = NULL, body = NULL, working_until = NULL"))
    assert problem(api.post(CREATE, wanted, once="order-17")) == (422, "payment_declined")
    assert api.post(CREATE, wanted, once="order-18").status_code == 201


def test_malformed_calls_take_no_key(api: Api, kiosk: Kiosk, wanted: dict[str, Any]) -> None:
    assert faults(api.post(CREATE, {"tariff": 5}, once="order-17")) == ["user_id", "tariff"]
    assert kiosk.count("api_idempotency") == 0
    assert api.post(CREATE, wanted, once="order-17").status_code == 201
