"""Giving money back through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.apps.web.api_caller import Api, faults, problem
from tests.world import Kiosk

MINUTE = timedelta(minutes=1)


@pytest.fixture
def paid(api: Api, kiosk: Kiosk) -> str:
    """The address of a payment of 299 RUB that was paid."""
    made = api.post("/api/v1/payments/create", {"user_id": kiosk.person().party.id, "tariff": "vpn-1m"}).json()
    external_id = kiosk.external_id(made["payment_id"])
    kiosk.post(f"/yookassa/payments/{external_id}/pay", outcome="success", notify="never")
    kiosk.pass_time(2 * MINUTE, step=MINUTE)
    return f"/api/v1/payments/{made['payment_id']}"


def rub(value: str) -> dict[str, str]:
    return {"value": value, "currency": "RUB"}


def ask(api: Api, paid: str, **more: Any) -> Any:
    answer = api.post(f"{paid}/refund", {"reason": "it does not work for them", **more})
    assert answer.status_code == (200 if more.get("dry_run") else 201), answer.text
    return answer.json()


def test_all_of_it(api: Api, kiosk: Kiosk, paid: str) -> None:
    made = ask(api, paid)
    assert made["amount"] == rub("299.00")
    assert (made["refund_status"], made["destination"], made["reason"]) == ("pending", "provider", None)
    kiosk.drain()
    (refund,) = api.get(paid).json()["refunds"]
    assert refund == {**made, "refund_status": "succeeded"}
    assert problem(api.post(f"{paid}/refund", {"reason": "once more"})) == (409, "not_refundable")
    (line,) = actions(kiosk)
    assert line == ("client:1", "payment.refund", f"payment:{made['payment_id']}")


def actions(kiosk: Kiosk) -> list[tuple[str, str, str]]:
    sql = "SELECT actor, action, subject FROM audit_log WHERE action = 'payment.refund' ORDER BY id"
    with kiosk.kit.db.begin() as tx:
        return [(row.actor, row.action, row.subject) for row in tx.execute(text(sql))]


def test_in_parts_and_never_more_than_came(api: Api, kiosk: Kiosk, paid: str) -> None:
    for value in ("100.00", "99.5", "99"):
        ask(api, paid, amount=rub(value), access="keep")
    kiosk.drain()
    left = ask(api, paid, dry_run=True)
    assert (left["amount"], left["left"], left["full"]) == (rub("0.50"), rub("0.50"), True)
    for value in ("0.51", "299.00", "99999999999.99", "0", "0.00"):
        answer = api.post(f"{paid}/refund", {"reason": "more", "amount": rub(value)})
        assert problem(answer) == (422, "bad_refund_amount")
    refunds = api.get(paid).json()["refunds"]
    assert [refund["amount"]["value"] for refund in refunds] == ["100.00", "99.50", "99.00"]


def test_a_dry_run_changes_nothing(api: Api, kiosk: Kiosk, paid: str) -> None:
    plan = ask(api, paid, dry_run=True)
    assert plan["amount"] == plan["left"] == rub("299.00")
    assert (plan["full"], plan["access"], plan["destination"]) == (True, "shorten", "provider")
    part = ask(api, paid, dry_run=True, amount=rub("1.00"))
    assert (part["full"], part["access"]) == (False, "keep")
    kiosk.drain()
    assert api.get(paid).json()["refunds"] == []
    assert kiosk.count("refunds") == 0
    assert actions(kiosk) == []


def test_to_the_balance_at_once(api: Api, paid: str) -> None:
    made = ask(api, paid, amount=rub("99.00"), destination="balance")
    assert (made["refund_status"], made["destination"]) == ("succeeded", "balance")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        *(
            ({"amount": rub(value)}, "amount.value")
            for value in ("", "1.001", "1.", ".5", "-1", "+1", "1e2", "1,00", " 1")
        ),
        *(({"amount": rub(value)}, "amount.value") for value in ("NaN", "Infinity", "٣", "9" * 12, "1.00\n", "0x1")),
        *(({"amount": {"value": value, "currency": "RUB"}}, "amount.value") for value in (1, 1.5, True, None, ["1"])),
        *(({"amount": {"value": "1", "currency": one}}, "amount.currency") for one in ("rub", "BTC", "TOKEN", "", 643)),
        ({"amount": {"value": "1.5", "currency": "XTR"}}, "amount"),
        ({"amount": {"value": "1"}}, "amount.currency"),
        *(({"amount": amount}, "amount") for amount in ("299.00", 299, 1.5, [], True)),
        ({"amount": {"value": "1", "currency": "RUB", "note": "x"}}, "amount.note"),
        *(({"reason": reason}, "reason") for reason in ("", "  ", "x" * 501, 5, None)),
        *(({"access": access}, "access") for access in ("", "revoke", 1, True)),
        *(({"dry_run": flag}, "dry_run") for flag in ("true", 1, 0, None)),
        *(({"destination": place}, "destination") for place in ("card", "", None)),
        *(({name: rub("1.00")}, name) for name in ("amonut", "Amount", "_amount")),
    ],
)
def test_malformed_orders_give_nothing_back(api: Api, kiosk: Kiosk, paid: str, more: Any, field: str) -> None:
    assert faults(api.post(f"{paid}/refund", {"reason": "a mistake", **more})) == [field]
    assert kiosk.count("refunds") == 0


def test_another_currency_is_another_amount(api: Api, kiosk: Kiosk, paid: str) -> None:
    answer = api.post(f"{paid}/refund", {"reason": "x", "amount": {"value": "1.00", "currency": "USD"}})
    assert problem(answer) == (422, "bad_refund_amount")


def test_what_was_not_paid_is_not_given_back(api: Api, kiosk: Kiosk) -> None:
    made = api.post("/api/v1/payments/create", {"user_id": kiosk.person().party.id, "tariff": "vpn-1m"}).json()
    path = f"/api/v1/payments/{made['payment_id']}/refund"
    for dry_run in (True, False):
        assert problem(api.post(path, {"reason": "x", "dry_run": dry_run})) == (409, "not_refundable")
        answer = api.post("/api/v1/payments/999999/refund", {"reason": "x", "dry_run": dry_run})
        assert problem(answer) == (404, "payment_not_found")


def test_a_crash_before_the_answer_was_stored_gives_nothing_back_twice(api: Api, kiosk: Kiosk, paid: str) -> None:
    order = {"reason": "half", "amount": rub("100.00"), "access": "keep"}
    first = api.post(f"{paid}/refund", order, once="refund-1").json()
    with kiosk.kit.db.begin() as tx:  # as if the process had died right there, a while ago
        tx.execute(text("UPDATE api_idempotency SET status = NULL, body = NULL, working_until = NULL"))
    again = api.post(f"{paid}/refund", order, once="refund-1")
    assert (again.status_code, again.json()) == (201, first)
    assert kiosk.count("refunds") == 1


def test_the_same_order_twice_with_a_key_is_one(api: Api, kiosk: Kiosk, paid: str) -> None:
    order = {"reason": "half", "amount": rub("100.00"), "access": "keep"}
    first, second = (api.post(f"{paid}/refund", order, once="refund-1") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    third = api.post(f"{paid}/refund", order, once="refund-2")
    assert third.json()["refund_id"] != first.json()["refund_id"]
    assert kiosk.count("refunds") == 2
