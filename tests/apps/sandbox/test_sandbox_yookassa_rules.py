"""What the sandbox's YooKassa refuses, field by field."""

from copy import deepcopy
from typing import Any

import pytest

from apps.sandbox.yookassa.rules import Invalid, check_capture, check_payment, check_refund
from tests.apps.sandbox.running_world import Till, payment_body


def full_payment() -> dict[str, Any]:
    """Everything the rules know, as the official SDK would send it."""
    half = {"value": "149.50", "currency": "RUB"}
    return payment_body() | {
        "save_payment_method": True,
        "payment_method_data": {"type": "bank_card"},
        "client_ip": "2a02:5180::1",
        "merchant_customer_id": "user:7",
        "metadata": {f"key{number}": "x" * 512 for number in range(16)},
        "statements": [],
        "transfers": [],
        "receipt": {
            "customer": {"phone": "79000000000"},
            "items": [{"description": "VPN", "quantity": "2.0", "amount": half, "vat_code": 12}],
        },
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """The full payment with one field set; `...` removes it."""
    body: Any = full_payment()
    place, steps = body, [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps[:-1]:
        place = place[step]
    if value is ...:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    return body


def test_a_full_payment_passes() -> None:
    check_payment(full_payment())


@pytest.mark.parametrize(
    ("path", "value", "parameter"),
    [
        ("amount", ..., "amount"),
        ("amount.value", 299.0, "amount.value"),
        ("amount.value", "299", "amount.value"),
        ("amount.value", "299.0", "amount.value"),
        ("amount.value", "-299.00", "amount.value"),
        ("amount.value", "0299.00", "amount.value"),
        ("amount.value", "0.00", "amount.value"),
        ("amount.value", "١.00", "amount.value"),
        ("amount.currency", "UAH", "amount.currency"),
        ("capture", ..., "capture"),
        ("capture", "true", "capture"),
        ("confirmation", ..., "confirmation"),
        ("payment_method_id", "x", "confirmation"),
        ("confirmation.type", "embedded", "confirmation.type"),
        ("confirmation.return_url", ..., "confirmation.return_url"),
        ("confirmation.return_url", "javascript:alert(1)", "confirmation.return_url"),
        ("confirmation.return_url", "https://" + "x" * 2048, "confirmation.return_url"),
        ("description", "x" * 129, "description"),
        ("metadata.another", "x", "metadata"),
        ("metadata", {"x" * 33: "x"}, "metadata"),
        ("metadata.key0", 7, "metadata.key0"),
        ("metadata.key0", "x" * 513, "metadata.key0"),
        ("client_ip", "256.0.0.1", "client_ip"),
        ("merchant_customer_id", "x" * 201, "merchant_customer_id"),
        ("transfers", [{}], "transfers"),
        ("statments", [], "statments"),
        ("receipt.customer", {"full_name": "Anna"}, "receipt.customer"),
        ("receipt.customer.phone", "+79000000000", "receipt.customer.phone"),
        ("receipt.items", [], "receipt.items"),
        ("receipt.items.0.vat_code", 13, "receipt.items[0].vat_code"),
        ("receipt.items.0.vat_code", ..., "receipt.items[0].vat_code"),
        ("receipt.items.0.quantity", "1", "receipt.items"),
        ("receipt.items.0.quantity", 0, "receipt.items[0].quantity"),
        ("receipt.items.0.quantity", True, "receipt.items[0].quantity"),
        ("receipt.items.0.amount.value", "149.51", "receipt.items"),
        ("receipt.items.0.payment_mode", "full", "receipt.items[0].payment_mode"),
        ("receipt.items.0.description", "x" * 129, "receipt.items[0].description"),
        ("receipt.tax_system_code", 7, "receipt.tax_system_code"),
    ],
)
def test_one_wrong_field_is_named(path: str, value: Any, parameter: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_payment(changed(path, value))
    assert refused.value.parameter == parameter


def test_captures_and_refunds_are_checked_too() -> None:
    check_capture({"transfers": []})
    refund: dict[str, Any] = {"payment_id": "2" * 36, "amount": {"value": "1.00", "currency": "RUB"}, "sources": []}
    check_refund(refund)
    for name, value in (("payment_id", "2" * 35), ("amount", None), ("description", "x" * 251), ("capture", True)):
        with pytest.raises(Invalid) as refused:
            check_refund(deepcopy(refund) | {name: value})
        assert refused.value.parameter == name


def test_refused_requests_are_kept(till: Till) -> None:
    till.ask("POST", "/payments", "key-1", changed("amount.value", 299.0))
    till.client.get("/v3/me")
    bad_json = till.client.post(
        "/v3/payments",
        content="{",
        headers={"Idempotence-Key": "k", "Content-Type": "application/json"},
        auth=("100500", "test_SANDBOX"),
    )
    assert bad_json.json()["code"] == "invalid_request"
    problems = till.client.get("/problems").json()["problems"]
    assert [(one["status"], one.get("parameter")) for one in problems] == [
        (400, "amount.value"),
        (401, None),
        (400, "body"),
    ]
    assert problems[0]["body"]["amount"]["value"] == 299.0
