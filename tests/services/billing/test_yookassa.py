"""The adapter on the wire: what it sends and what it hears.

The cassettes in tests/cassettes/sandbox_yookassa are recordings of our own stand-in, not of YooKassa. Delete one and
run its test to record it anew; with the file there nobody listens, and whatever does not match fails."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import vcr

from services.billing.providers.base import (
    Declined,
    Method,
    NextAction,
    Order,
    RefundOrder,
    RefundSnapshot,
    Snapshot,
)
from services.billing.providers.yookassa import YooKassa
from services.platform.errors import Misconfigured
from services.platform.money import Money
from tests.contracts.sandbox_shop import NOBODY, order, receipt
from tests.contracts.yookassa_shop import YooKassaShop

CASSETTES = Path(__file__).parents[2] / "cassettes" / "sandbox_yookassa"
PRICE = Money(29900, "RUB")


class Wire:
    """`api` is where the adapter is to ask; `cassette` what was asked and answered there. While a cassette is played
    nobody is there, and the buyer has paid already."""

    def __init__(self, name: str, api: str, buyer: Callable[[str], None], cassette: Any) -> None:
        self.api, self.pay, self.cassette, self._name = api, buyer, cassette, name

    def key(self, number: int = 1) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{self._name}/{number}")

    def provider(self, **changes: Any) -> YooKassa:
        settings: dict[str, Any] = {"shop_id": "100500", "secret_key": "test_SANDBOX", "expects_test": True}
        return YooKassa(**(settings | {"api_url": self.api} | changes))


def of_the_api(request: Any) -> Any:
    """The buyer's doings are no part of a recording."""
    return request if "/v3/" in request.path else None


@pytest.fixture
def wire(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Wire]:
    name = request.node.name.removeprefix("test_")
    file = CASSETTES / f"sandbox_{name}.yaml"
    recorder = vcr.VCR(
        record_mode="once",
        match_on=["method", "path", "query", "body"],
        filter_headers=[("authorization", "Basic REDACTED"), ("ym-user-agent", None), ("user-agent", None)],
        before_record_request=of_the_api,
    )
    with ExitStack() as stack:
        api, buyer = f"{NOBODY}/yookassa/v3", no_buyer
        if not file.exists():
            shop = YooKassaShop(tmp_path)
            stack.callback(shop.close)
            api, buyer = shop.api, lambda external_id: shop.switch(f"/payments/{external_id}/pay", outcome="success")
        cassette = stack.enter_context(recorder.use_cassette(str(file)))
        yield Wire(name, api, buyer, cassette)
        assert cassette.all_played or cassette.dirty


def no_buyer(external_id: str) -> None:
    pass


def opened(wire: Wire, provider: YooKassa, number: int = 1, **changes: Any) -> tuple[Order, str]:
    """A payment that waits for its buyer, or is charged; its id."""
    asked = order(key=wire.key(number), **changes)
    answer = provider.create(provider.request(asked), asked.key)
    assert isinstance(answer, NextAction | Snapshot)
    assert answer.external_id
    return asked, answer.external_id


def bought(wire: Wire, provider: YooKassa, number: int = 1, **changes: Any) -> Snapshot:
    _, external_id = opened(wire, provider, number, **changes)
    wire.pay(external_id)
    paid = provider.fetch(external_id)
    assert isinstance(paid, Snapshot)
    return paid


def refund_of(paid: Snapshot, key: uuid.UUID, value: str, **changes: Any) -> RefundOrder:
    return RefundOrder(key, paid.external_id, Money.parse(value, "RUB"), False, "Возврат", "user:42", **changes)


def test_create_then_fetch(wire: Wire) -> None:
    provider = wire.provider()
    asked, external_id = opened(wire, provider)
    seen = provider.fetch(external_id)
    assert isinstance(seen, Snapshot)
    assert seen == Snapshot(external_id, "awaiting_user", PRICE, str(asked.key), "100500", test=True, at=seen.at)
    assert seen.at
    first = wire.cassette.requests[0]
    assert first.headers["Idempotence-Key"] == str(asked.key)
    assert "test_SANDBOX" not in str([one.headers for one in wire.cassette.requests])


def test_paid_with_a_receipt_and_refunded_in_part(wire: Wire) -> None:
    provider = wire.provider()
    paid = bought(wire, provider, receipt=receipt("100.00", "199.00"))
    assert (paid.status, paid.fee, paid.refunded) == ("succeeded", Money(1046, "RUB"), Money(0, "RUB"))
    refund = refund_of(paid, wire.key(2), "99.00", receipt=receipt("99.00"))
    given = provider.refund(provider.refund_request(refund), refund.key)
    assert isinstance(given, RefundSnapshot)
    assert (given.status, given.key, str(given.amount)) == ("succeeded", str(refund.key), "99.00")
    assert provider.fetch_refund(given.external_id) == given
    after = provider.fetch(paid.external_id)
    assert isinstance(after, Snapshot)
    assert after.refunded == Money(9900, "RUB")


def test_held_and_captured_in_part(wire: Wire) -> None:
    provider = wire.provider(two_stage=True)
    held = bought(wire, provider)
    assert (held.status, held.fee) == ("authorized", None)
    taken = provider.capture(held.external_id, Money(10000, "RUB"), wire.key(2))
    assert isinstance(taken, Snapshot)
    assert (taken.status, str(taken.amount), taken.key) == ("succeeded", "100.00", held.key)
    assert wire.cassette.requests[-1].headers["Idempotence-Key"] == str(wire.key(2))


def test_held_and_canceled(wire: Wire) -> None:
    provider = wire.provider(two_stage=True)
    held = bought(wire, provider)
    gone = provider.cancel(held.external_id, wire.key(2))
    assert isinstance(gone, Snapshot)
    assert (gone.status, gone.reason) == ("canceled", "canceled_by_merchant")


def test_saved_card_charged_again(wire: Wire) -> None:
    provider = wire.provider(two_stage=True)
    first = bought(wire, provider, save=True)
    assert first.method == Method(first.external_id, "MasterCard •• 4477")
    again = order(key=wire.key(2), method=first.method.token, receipt=receipt("299.00"))
    charged = provider.create(provider.request(again), again.key)
    assert isinstance(charged, Snapshot)
    assert (charged.status, charged.method) == ("succeeded", first.method), "taken at once, also by a two-stage shop"


def test_list_of_payments_and_refunds(wire: Wire) -> None:
    provider = wire.provider()
    paid = bought(wire, provider)
    refund = refund_of(paid, wire.key(2), "299.00")
    given = provider.refund(provider.refund_request(refund), refund.key)
    assert isinstance(given, RefundSnapshot)
    assert paid.at
    assert given.at
    at = paid.at.replace(second=0, microsecond=0)
    listed = provider.operations(at - timedelta(minutes=1), at + timedelta(minutes=2))
    assert [one.external_id for one in listed] == [paid.external_id, given.external_id]
    assert listed[1] == given


def test_no_such_payment(wire: Wire) -> None:
    provider, nobody = wire.provider(), "00000000-0000-0000-0000-000000000000"
    assert provider.fetch(nobody) == Declined("not_found", retryable=False)
    assert provider.fetch_refund(nobody) == Declined("not_found", retryable=False)


def test_who_am_i(wire: Wire) -> None:
    assert "100500" in wire.provider().check()


def test_a_cassette_says_what_it_is_and_keeps_no_secret() -> None:
    files = list(CASSETTES.iterdir())
    assert len(files) == 8
    for file in files:
        assert file.name.startswith("sandbox_"), "no recording of YooKassa itself"
        assert "test_SANDBOX" not in file.read_text()
        assert "MTAwNTAw" not in file.read_text(), "the Basic header's base64"


def test_a_test_shop_is_refused_in_production(tmp_path: Path) -> None:
    with closing(YooKassaShop(tmp_path)) as shop:
        live = YooKassa(shop_id="100500", secret_key="test_SANDBOX", api_url=shop.api, expects_test=False)
        with closing(live), pytest.raises(Misconfigured, match="test shop"):
            live.check()


def test_amounts_arrive_exactly(tmp_path: Path) -> None:
    with closing(YooKassaShop(tmp_path)) as shop:
        for value in ("0.01", "0.30", "10.01", "299.00", "99999999999.99"):
            asked = order(amount=Money.parse(value, "RUB"))
            opened = shop.provider.create(shop.provider.request(asked), asked.key)
            assert isinstance(opened, NextAction)
            assert shop.log()[-1]["body"]["amount"] == {"value": value, "currency": "RUB"}
            seen = shop.provider.fetch(opened.external_id or "")
            assert isinstance(seen, Snapshot)
            assert seen.amount == asked.amount
