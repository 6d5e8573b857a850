"""What is asked of YooKassa: exactly what was stored, and valid by its own published specification."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS30Validator

from services.billing.providers.base import (
    FiscalLine,
    FiscalReceipt,
    NextAction,
    RefundOrder,
    RefundSnapshot,
    Snapshot,
    Unsupported,
)
from services.billing.providers.yookassa import YooKassa
from services.platform.config import inherited_environment
from services.platform.errors import Invalid
from services.platform.money import Money
from tests.contracts.sandbox_shop import order, receipt
from tests.contracts.yookassa_shop import YooKassaShop

LINES = receipt("100.00", "199.00")
TOTAL = Money(29900, "RUB")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[YooKassaShop]:
    shop = YooKassaShop(tmp_path)
    yield shop
    shop.close()


def refund_order(external_id: str, minor: int = 29900, **changes: Any) -> RefundOrder:
    return RefundOrder(uuid.uuid4(), external_id, Money(minor, "RUB"), True, "Возврат", "user:42", **changes)


def bought(shop: YooKassaShop, provider: YooKassa | None = None, **changes: Any) -> Snapshot:
    provider, asked = provider or shop.provider, order(**changes)
    opened = provider.create(provider.request(asked), asked.key)
    assert isinstance(opened, NextAction)
    seen = shop.provider.fetch(shop.pay(asked, opened))
    assert isinstance(seen, Snapshot)
    return seen


def test_a_payment_says_aloud_what_it_wants() -> None:
    asked = order(save=True, receipt=LINES)
    body = written(two_stage=False).request(asked)
    assert body["capture"] is True, "left out, the money is only held, and lost after a week"
    assert body["metadata"] == {"attempt": str(asked.key)}
    assert (body["save_payment_method"], body["merchant_customer_id"]) == (True, "user:42")
    assert body["receipt"]["customer"] == {"email": "anna@example.com"}
    assert body["receipt"]["items"][1] == {
        "description": "VPN",
        "quantity": 1,
        "measure": "piece",
        "amount": {"value": "199.00", "currency": "RUB"},
        "vat_code": 1,
        "payment_subject": "service",
        "payment_mode": "full_payment",
    }
    assert body["receipt"]["tax_system_code"] == 1
    assert written(two_stage=True).request(asked)["capture"] is False


def test_a_remembered_card_is_charged_at_once_and_asks_nobody() -> None:
    body = written(two_stage=True).request(order(method="22e18a2f-000f-5000-a000-1db6312b7767", save=True))
    assert (body["payment_method_id"], body["capture"]) == ("22e18a2f-000f-5000-a000-1db6312b7767", True)
    assert not {"confirmation", "save_payment_method"} & set(body)


def test_long_texts_are_cut_and_empty_ones_left_out() -> None:
    provider = written()
    long = FiscalReceipt("a@example.com", None, (FiscalLine("я" * 200, TOTAL, 1, "service", "advance"),))
    body = provider.request(order(description="я" * 200, receipt=long))
    assert (len(body["description"]), len(body["receipt"]["items"][0]["description"])) == (128, 128)
    assert "tax_system_code" not in body["receipt"]
    assert "description" not in provider.request(order(description=""))
    assert len(provider.refund_request(refund_order("1" * 36))["metadata"]["refund"]) == 36


def line(total: str = "299.00", vat_code: int = 1, name: str = "VPN") -> FiscalLine:
    return FiscalLine(name, Money.parse(total, "RUB"), vat_code, "service", "full_payment")


@pytest.mark.parametrize(
    "wrong",
    [
        FiscalReceipt("a@example.com", 1, ()),
        FiscalReceipt("a@example.com", 1, (line("298.99"),)),
        FiscalReceipt("a@example.com", 1, (line("299.01"),)),
        FiscalReceipt("a@example.com", 1, (line("299.00"), line("0.00"))),
        FiscalReceipt("a@example.com", 1, (line("300.00"), line("-1.00"))),
        FiscalReceipt("a@example.com", 1, (line(vat_code=0),)),
        FiscalReceipt("a@example.com", 1, (line(vat_code=13),)),
        FiscalReceipt("a@example.com", 1, (line(name=""),)),
        FiscalReceipt("a@example.com", 7, (line(),)),
        FiscalReceipt("a@example.com", 0, (line(),)),
        FiscalReceipt("not an address", 1, (line(),)),
        FiscalReceipt("a@example.com", 1, (FiscalLine("VPN", Money(29900, "UAH"), 1, "service", "advance"),)),
        FiscalReceipt("a@example.com", 1, (*(line("2.00") for _ in range(100)), line("99.00"))),
    ],
)
def test_a_receipt_that_would_be_refused_is_never_stored(wrong: FiscalReceipt) -> None:
    for ask in (
        lambda: written().request(order(receipt=wrong)),
        lambda: written().refund_request(refund_order("1" * 36, receipt=wrong)),
    ):
        with pytest.raises(Invalid) as refused:
            ask()
        assert wrong.email not in str(refused.value)


def test_what_cannot_be_asked_is_not_stored() -> None:
    with pytest.raises(Unsupported):
        written().request(order(renews=True))
    with pytest.raises(Invalid):
        written().request(order(amount=Money(0, "RUB")))
    with pytest.raises(Invalid):
        written().refund_request(refund_order("not an id of theirs"))


def written(*, two_stage: bool = False) -> YooKassa:
    """An adapter that only writes."""
    return YooKassa(shop_id="1", secret_key="x", api_url="http://127.0.0.1:9", expects_test=True, two_stage=two_stage)


def everything(shop: YooKassaShop) -> None:
    """Each kind of request, with and without a receipt."""
    holding = shop.twin(holds=True)
    for fiscal in (None, LINES):
        paid = bought(shop, save=True, receipt=fiscal)
        assert paid.method
        charge = order(method=paid.method.token, receipt=fiscal)
        assert isinstance(shop.provider.create(shop.provider.request(charge), charge.key), Snapshot)
        held, dropped = bought(shop, holding, receipt=fiscal), bought(shop, holding, receipt=fiscal)
        assert isinstance(shop.provider.capture(held.external_id, held.amount, uuid.uuid4()), Snapshot)
        assert isinstance(shop.provider.cancel(dropped.external_id, uuid.uuid4()), Snapshot)
        back = refund_order(paid.external_id, receipt=fiscal)
        given = shop.provider.refund(shop.provider.refund_request(back), back.key)
        assert isinstance(given, RefundSnapshot)
        shop.provider.fetch_refund(given.external_id)
    shop.provider.operations(shop.now() - timedelta(hours=1), shop.now() + timedelta(hours=1))
    shop.provider.check()


def test_what_is_stored_is_what_is_sent(shop: YooKassaShop) -> None:
    everything(shop)
    asked = order(save=True, receipt=LINES)
    body = shop.provider.request(asked)
    shop.provider.create(body, asked.key)
    assert shop.log()[-1]["body"] == body
    assert shop.log()[-1]["key"] == str(asked.key)
    assert shop.control.get("/problems").json() == {"problems": []}
    posted = [one["key"] for one in shop.log() if one["method"] == "POST"]
    assert None not in posted
    assert len(set(posted)) == len(posted), "a key for each of our decisions"


def test_our_requests_are_valid_by_the_published_specification(shop: YooKassaShop) -> None:
    """With YOOKASSA_OPENAPI naming YooKassa's own OpenAPI file (it is not ours to put here)."""
    file = inherited_environment().get("YOOKASSA_OPENAPI")
    if not file:
        pytest.skip("YOOKASSA_OPENAPI names no file")
    published = Published(yaml.safe_load(Path(file).read_text()))
    everything(shop)
    kinds = set()
    for one in shop.log():
        kind = published.check(one["method"], one["path"].removeprefix("/v3"), one["query"], one["body"])
        kinds.add((kind, "receipt" in (one["body"] or {}), "payment_method_id" in (one["body"] or {})))
    for receipt_too in (False, True):
        assert {
            ("POST /payments", receipt_too, False),
            ("POST /payments", receipt_too, True),
            ("POST /refunds", receipt_too, False),
        } <= kinds
    assert {kind for kind, *_ in kinds} >= {"POST /payments/{payment_id}/capture", "POST /payments/{payment_id}/cancel"}
    good = shop.provider.request(order(receipt=LINES))
    for bad in (
        {"amount": {"value": 299.0, "currency": "RUB"}},
        {"description": "x" * 129},
        {"metadata": {"attempt": 1}},
        {"receipt": good["receipt"] | {"items": [good["receipt"]["items"][0] | {"quantity": "1.00"}]}},
        {"receipt": good["receipt"] | {"items": [good["receipt"]["items"][0] | {"vat_code": 13}]}},
    ):
        with pytest.raises(AssertionError):
            published.check("POST", "/payments", {}, good | bad)


class Published:
    """YooKassa's specification, as far as it can judge a request."""

    def __init__(self, spec: Any) -> None:
        self._paths, self._components = spec["paths"], lenient(spec["components"])
        self._shared = spec["components"]["parameters"]

    def check(self, method: str, path: str, query: dict[str, str], body: Any) -> str:
        """The request's name there. Raises AssertionError for one that is against it."""
        (template,) = [known for known in self._paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path)]
        operation = self._paths[template][method.lower()]
        parameters = [self._parameter(one) for one in operation.get("parameters", [])]
        assert set(query) <= {one["name"] for one in parameters if one["in"] == "query"}, query
        assert (body is not None) == ("requestBody" in operation)
        if body is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            validator = OAS30Validator({**lenient(schema), "components": self._components})
            assert list(validator.iter_errors(body)) == []
            assert set(body) <= set(schema["properties"]), "a field it does not know"
        return f"{method} {template}"

    def _parameter(self, one: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._shared[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
        return found


def lenient(schema: Any) -> Any:
    """The published file names discriminators that lead nowhere, and says oneOf where several fit."""
    if isinstance(schema, dict):
        return {
            ("anyOf" if key == "oneOf" else key): lenient(value)
            for key, value in schema.items()
            if key != "discriminator"
        }
    return [lenient(one) for one in schema] if isinstance(schema, list) else schema
