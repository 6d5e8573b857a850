"""The adapter of Crypto Pay on the wire: what it sends, what it reads, which money counts, and every fault.

The cassettes in tests/cassettes/sandbox_cryptopay are recordings of our own stand-in, not of Crypto Pay. Delete one and
run its test to record it anew; with the file there nobody listens, and whatever does not match fails."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr

from services.billing.providers import cryptopay
from services.billing.providers.base import (
    Capability,
    Declined,
    NextAction,
    NotSent,
    RefundOrder,
    Snapshot,
    Unknown,
    Unsupported,
)
from services.billing.providers.cryptopay import api as cryptopay_api
from services.platform.errors import Misconfigured, TryLater
from services.platform.money import Money
from tests.apps.sandbox.running_cryptopay import TOKEN, CoinTill, running_coin_till
from tests.services.billing.cryptopay_shop import FAR_AWAY, KEY, LONG_AGO, NOBODY, Shop, open_one, order, shops

CASSETTES = Path(__file__).parents[2] / "cassettes" / "sandbox_cryptopay"


@pytest.fixture
def shop() -> Iterator[Shop]:
    with shops() as make:
        yield make


@pytest.fixture
def coins(tmp_path: Path) -> Iterator[CoinTill]:
    with running_coin_till(tmp_path) as till:
        yield till


@pytest.fixture
def wire(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, Any]]:
    """(address of the API, cassette)."""
    file = CASSETTES / f"{request.node.name.removeprefix('test_')}.yaml"
    recorder = vcr.VCR(
        record_mode="once",
        match_on=["method", "path", "query", "body"],
        filter_headers=[("crypto-pay-api-token", "REDACTED"), ("user-agent", None)],
    )
    there = nullcontext() if file.exists() else running_coin_till(tmp_path)
    with there as till, recorder.use_cassette(str(file)) as cassette:
        yield (till.url if till else NOBODY), cassette


def test_create_then_fetch(wire: tuple[str, Any], shop: Shop) -> None:
    url, cassette = wire
    provider = shop(url)
    opened = provider.create(provider.request(order()), KEY)
    assert isinstance(opened, NextAction)
    assert opened.external_id == "800001"
    assert opened.url.startswith("http")
    seen = provider.fetch(opened.external_id)
    assert isinstance(seen, Snapshot)
    assert seen.at is not None
    price = Money(29900, "RUB")
    assert seen == Snapshot("800001", "awaiting_user", price, str(KEY), "42", test=True, url=opened.url, at=seen.at)
    assert len(cassette.requests) == 2
    assert TOKEN not in str([(r.uri, r.headers, r.body) for r in cassette.requests])


def test_no_such_invoice(wire: tuple[str, Any], shop: Shop) -> None:
    assert shop(wire[0]).fetch("800999") == Declined("not_found", retryable=False)


def test_who_am_i(wire: tuple[str, Any], shop: Shop) -> None:
    assert shop(wire[0]).check() == "app 42 (Kiosk) answers (test)"


def test_no_secret_stands_in_a_cassette() -> None:
    files = list(CASSETTES.glob("*.yaml"))
    assert len(files) == 3
    for file in files:
        assert "SANDBOXCRYPTOPAY" not in file.read_text()


def test_the_request_is_exact_and_survives_being_stored(shop: Shop) -> None:
    provider = shop()
    request = provider.request(order(description="я" * 2000))
    assert json.loads(json.dumps(request)) == request
    assert request == {
        "currency_type": "fiat",
        "fiat": "RUB",
        "amount": "299.00",
        "description": "я" * 1024,
        "payload": str(KEY),
        "expires_in": 3600,
        "paid_btn_name": "callback",
        "paid_btn_url": "https://t.me/kiosk_bot",
        "allow_comments": False,
        "allow_anonymous": False,
    }


def test_an_invoice_from_its_beginning_to_its_end(coins: CoinTill, shop: Shop) -> None:
    provider = shop(coins.url)
    paid, forgotten = open_one(provider), open_one(provider, uuid.uuid4())
    (there,) = coins.invoices(invoice_ids=paid)
    assert (there["payload"], there["paid_btn_url"]) == (str(KEY), "https://t.me/kiosk_bot")
    assert (there["allow_comments"], there["allow_anonymous"]) == (False, False)
    paid_at = datetime.fromisoformat(coins.pay(paid, asset="BTC", notify="never")["paid_at"])
    seen = provider.fetch(paid)
    assert isinstance(seen, Snapshot)
    price = Money(29900, "RUB")
    assert seen == Snapshot(paid, "succeeded", price, str(KEY), "42", test=True, url=seen.url, at=paid_at)
    coins.offset.move(cryptopay.LIFE - 10)
    assert_status(provider.fetch(forgotten), "awaiting_user")
    coins.offset.move(11)
    gone = provider.fetch(forgotten)
    assert_status(gone, "canceled")
    assert isinstance(gone, Snapshot)
    assert gone.reason == "expired_on_confirmation"
    assert_status(provider.fetch(paid), "succeeded")
    assert coins.look("/problems") == []


def assert_status(outcome: object, status: str) -> None:
    assert isinstance(outcome, Snapshot), outcome
    assert outcome.status == status


def test_amounts_arrive_exactly(coins: CoinTill, shop: Shop) -> None:
    provider = shop(coins.url)
    for value in ("0.01", "0.30", "10.01", "100.00", "299.50", "99999999999.99"):
        seen = provider.fetch(open_one(provider, uuid.uuid4(), value))
        assert isinstance(seen, Snapshot)
        assert seen.amount == Money.parse(value, "RUB")


def test_what_it_cannot_do_it_says(shop: Shop) -> None:
    provider = shop()
    wanted = Capability.PAGE | Capability.FETCH | Capability.LIST | Capability.WEBHOOK
    assert provider.capabilities == wanted
    back = RefundOrder(uuid.uuid4(), "800001", Money(29900, "RUB"), full=True, description="x", party="user:1")
    with pytest.raises(Unsupported, match="by hand"):
        provider.refund_request(back)
    with pytest.raises(Unsupported):
        provider.refund({}, KEY)


# Faults


@pytest.mark.parametrize("mode", ["202", "429", "500", "500_after", "502", "dropped", "dropped_after"])
def test_a_fault_is_never_taken_for_an_answer(coins: CoinTill, shop: Shop, mode: str) -> None:
    provider = shop(coins.url)
    known = open_one(provider, uuid.uuid4())
    coins.switch("/faults", mode=mode, times=4)
    assert isinstance(provider.create(provider.request(order()), KEY), Unknown)
    assert isinstance(provider.fetch(known), Unknown)
    with pytest.raises(TryLater):
        provider.operations(LONG_AGO, FAR_AWAY)
    with pytest.raises(TryLater):
        provider.check()
    assert coins.look("/faults") == []
    made = [one for one in provider.operations(LONG_AGO, FAR_AWAY) if one.key == str(KEY)]
    assert len(made) == ("after" in mode), "a lost answer is found by its payload, and what was never made is not"
    assert all((one.status, one.amount) == ("awaiting_user", Money(29900, "RUB")) for one in made)


def test_a_provider_that_hangs_is_left_after_its_time(
    coins: CoinTill, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cryptopay_api, "TIMEOUTS", httpx.Timeout(0.3, connect=1))
    coins.switch("/faults", mode="hang", delay=30)
    provider = shop(coins.url)
    assert provider.create(provider.request(order()), KEY) == Unknown("ReadTimeout")


def test_nobody_there_is_surely_not_sent(shop: Shop) -> None:
    provider = shop()
    assert isinstance(provider.create(provider.request(order()), KEY), NotSent)
    assert isinstance(provider.fetch("800001"), NotSent)
    with pytest.raises(TryLater):
        provider.check()
    with pytest.raises(TryLater):
        provider.operations(LONG_AGO, FAR_AWAY)


def test_an_answer_that_came_too_late_is_found(coins: CoinTill, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cryptopay_api, "TIMEOUTS", httpx.Timeout(0.3, connect=1))
    provider = shop(coins.url)
    open_one(provider, uuid.uuid4())
    coins.switch("/faults", mode="slow", method="POST", delay=1)
    assert isinstance(provider.create(provider.request(order()), KEY), Unknown)
    (found,) = [one for one in provider.operations(LONG_AGO, FAR_AWAY) if one.key == str(KEY)]
    assert (found.external_id, found.status, found.amount) == ("800002", "awaiting_user", Money(29900, "RUB"))


def test_a_refusal_is_a_refusal(coins: CoinTill, shop: Shop) -> None:
    provider = shop(coins.url)
    request = provider.request(order()) | {"paid_btn_url": "tg://kiosk"}
    assert provider.create(request, KEY) == Declined("PAID_BTN_URL_INVALID", retryable=False)
    for nonsense in ("", "0", "abc", "800001,800002", "-1", "٧", "9" * 30):
        assert provider.fetch(nonsense) == Declined("not_found", retryable=False)


# Which money counts


@pytest.mark.parametrize(
    ("url", "test"),
    [
        ("https://pay.crypt.bot", False),
        ("https://pay.crypt.bot/api", False),
        ("https://PAY.CRYPT.BOT:443", False),
        ("https://testnet-pay.crypt.bot", True),
        ("http://127.0.0.1:8090/cryptopay", True),
        ("http://localhost:8090/cryptopay", True),
        ("http://[::1]:8090", True),
        ("https://pay.crypt.bot.example.com", True),
        ("https://example.com/pay.crypt.bot", True),
    ],
)
def test_only_one_address_moves_real_coins(shop: Shop, url: str, test: bool) -> None:
    invoice = {"invoice_id": 1, "status": "paid", "currency_type": "fiat", "fiat": "RUB", "amount": "1"}
    seen = shop(url)._snapshot(invoice)
    assert isinstance(seen, Snapshot)
    assert seen.test is test


@pytest.mark.parametrize("end", ["", "/", "/api", "/api/"])
def test_the_address_is_taken_as_it_is_usually_written(coins: CoinTill, shop: Shop, end: str) -> None:
    assert "42" in shop(coins.url + end).check()


def test_the_operator_is_told_what_is_wrong(coins: CoinTill, shop: Shop) -> None:
    with pytest.raises(Misconfigured, match="a test one"):
        shop(coins.url, expects_test=False).check()
    with pytest.raises(Misconfigured, match="UNAUTHORIZED"):
        shop(coins.url, token="42:another").check()
    for token in ("", "42", ":x", "42:", "x:y", "42:my secret", "42:секрет"):
        with pytest.raises(Misconfigured) as refused:
            shop(coins.url, token=token)
        assert "secret" not in str(refused.value).replace("the secret", "")
        assert "секрет" not in str(refused.value)
    with pytest.raises(Misconfigured, match="priced in"):
        shop(coins.url, currency="XTR")


def test_the_token_is_in_no_log_and_no_error(coins: CoinTill, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    provider = shop(coins.url, token="42:VERYSECRET")
    said = [provider.create(provider.request(order()), KEY), provider.fetch("800001"), provider]
    for call in (provider.check, lambda: provider.operations(LONG_AGO, FAR_AWAY)):
        with pytest.raises((Misconfigured, TryLater)) as refused:
            call()
        said.append(refused.value)
    log = coins.client.get("/log").text + coins.client.get("/problems").text
    assert "VERYSECRET" not in f"{said!r} {caplog.text} {log}"
    assert "getInvoices" in caplog.text, "the log was listened to"


# Lists


def test_a_list_begins_and_ends_where_it_is_asked_to(
    coins: CoinTill, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cryptopay, "PAGE", 3)
    provider, ids, times = shop(coins.url), [], []
    for _ in range(8):
        ids.append(open_one(provider, uuid.uuid4()))
        times.append(datetime.fromisoformat(coins.invoices(invoice_ids=ids[-1])[0]["created_at"]))
        coins.offset.move(60)
    coins.pay(ids[2], notify="never")

    def listed(since: datetime, until: datetime) -> list[str]:
        return sorted(one.external_id for one in provider.operations(since, until))

    assert listed(LONG_AGO, FAR_AWAY) == ids
    assert listed(times[2], times[5]) == ids[2:5]
    assert listed(times[2] + timedelta(milliseconds=1), times[5] + timedelta(milliseconds=1)) == ids[3:6]
    assert listed(FAR_AWAY, FAR_AWAY) == []
    assert {one.status for one in provider.operations(times[2], times[4])} == {"succeeded", "awaiting_user"}
    coins.offset.move(3600)
    assert {one.reason for one in provider.operations(times[3], times[4])} == {"expired_on_confirmation"}

    asked = len(coins.look("/log"))
    assert listed(times[7], FAR_AWAY) == ids[7:]
    queries = [one["query"] for one in coins.look("/log")[asked:]]
    assert queries == [{"offset": "0", "count": "3"}, {"offset": "3", "count": "3"}], "it stops at the older ones"

    monkeypatch.setattr(cryptopay, "PAGES", 2)
    with pytest.raises(TryLater, match="more than 6 invoices"):
        provider.operations(LONG_AGO, FAR_AWAY)
