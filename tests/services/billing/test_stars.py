"""Telegram Stars: the adapter on the wire.

The cassettes in tests/cassettes/sandbox_stars are recordings of our own stand-in, not of Telegram. Delete one and run
its test to record it anew; with the file there nobody listens, and whatever does not match fails."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr

from apps.sandbox.telegram import create_app, rules, schema
from services.billing.providers.base import (
    Capability,
    Declined,
    NextAction,
    Notice,
    NotSent,
    Order,
    RefundOrder,
    RefundSnapshot,
    Renewal,
    Snapshot,
    Unknown,
    Unsupported,
)
from services.billing.providers.stars import Stars, notice_of_update
from services.billing.providers.stars import api as stars_api
from services.platform.errors import Invalid, Misconfigured, TryLater
from services.platform.money import Money
from services.platform.tls import trusted
from tests.apps.sandbox.telegram.running_telegram import TOKEN, Clock, served
from tests.services.billing.test_stars_updates import listed

CASSETTES = Path(__file__).parents[2] / "cassettes" / "sandbox_stars"
NOBODY = "http://127.0.0.1:9/telegram"
KEY = uuid.UUID("5f0c4f5e-6a43-4c0e-9a55-7d9f0c1f2a3b")
PRICE = Money(150, "XTR")
ORDER = Order(KEY, 1, PRICE, "VPN на месяц", "https://t.me/kiosk_bot", "user:1", telegram_id=7)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


opened_shops: list[Stars] = []


def shop(url: str, *, token: str = TOKEN, expects_test: bool = True) -> Stars:
    opened_shops.append(Stars(token=token, api_url=url, expects_test=expects_test))
    return opened_shops[-1]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while opened_shops:
        opened_shops.pop().close()


class Place:
    """A Telegram of this test's own, with somebody who buys there."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url, self.clock, self.stars = url, clock, shop(url)
        self.http = httpx.Client(base_url=url, verify=trusted(), trust_env=False)
        self.buyer: int = self.post("/chat/api/users", first_name="Анна")["id"]
        self._offset = 0

    def post(self, path: str, **body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def bot(self, method: str, **arguments: Any) -> Any:
        return self.post(f"/bot{TOKEN}/{method}", **arguments)["result"]

    def act(self, what: str, **body: Any) -> Any:
        return self.post(f"/chat/api/users/{self.buyer}/{what}", **body)

    def updates(self) -> list[dict[str, Any]]:
        new: list[dict[str, Any]] = self.bot("getUpdates", offset=self._offset)
        self._offset = new[-1]["update_id"] + 1 if new else self._offset
        return new

    def notices(self) -> list[Notice]:
        """What the new updates tell of Stars."""
        raws = [notice_of_update(update) for update in self.updates()]
        return [self.stars.read_notification(raw) for raw in raws if raw is not None]

    def buy(self, order: Order = ORDER) -> Snapshot:
        """Somebody pays by the link; what the bot hears of it."""
        opened = self.stars.create(self.stars.request(order), order.key)
        assert isinstance(opened, NextAction)
        checkout = self.act("pay_invoice", link=opened.url)
        self.bot("answerPreCheckoutQuery", pre_checkout_query_id=checkout["id"], ok=True)
        return self.told()

    def told(self) -> Snapshot:
        [notice] = self.notices()
        seen = self.stars.evidence(notice.kind, json.loads(json.dumps(notice.body)))
        assert isinstance(seen, Snapshot)
        return seen

    def refund(self, payment: Snapshot) -> dict[str, Any]:
        order = RefundOrder(uuid.uuid4(), payment.external_id, payment.amount, True, "x", "user:1", self.buyer)
        return self.stars.refund_request(order)

    def fault(self, mode: str, method: str) -> None:
        self.post("/faults", mode=mode, method=method)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = Clock()
    with served(create_app(tmp_path, clock)) as url:
        place = Place(url, clock)
        yield place
        problems = place.http.get("/problems").json()
        place.http.close()
    assert problems == []


@pytest.fixture
def wire(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of the Bot API, recorded or played back."""
    file = CASSETTES / f"{request.node.name.removeprefix('test_')}.yaml"

    def without_token(recorded: Any) -> Any:
        recorded.uri = recorded.uri.replace(TOKEN, "TOKEN")
        return recorded

    recorder = vcr.VCR(
        record_mode="once",
        match_on=["method", "path", "body"],
        before_record_request=without_token,
        filter_headers=[("user-agent", None), ("host", None)],
    )
    if file.exists():
        with recorder.use_cassette(str(file)):
            yield NOBODY
        return
    with served(create_app(tmp_path, Clock())) as url, recorder.use_cassette(str(file)):
        yield url


def test_create(wire: str) -> None:
    provider = shop(wire)
    opened = provider.create(provider.request(ORDER), KEY)
    assert isinstance(opened, NextAction)
    assert opened.external_id is None
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/telegram/\$[\w-]{16}", opened.url)


def test_who_am_i(wire: str) -> None:
    assert shop(wire).check() == "bot @kiosk_bot has 0 Stars"


def test_no_such_charge(wire: str) -> None:
    request = {"user_id": 7, "telegram_payment_charge_id": "stxNothing", "total_amount": 150}
    assert shop(wire).refund(request, KEY) == Declined("charge_not_found", retryable=False)


def test_no_secret_stands_in_a_cassette() -> None:
    files = list(CASSETTES.glob("*.yaml"))
    assert len(files) == 3
    for file in files:
        assert "SANDBOX" not in file.read_text()
        assert "/botTOKEN/" in file.read_text()


def test_what_it_is() -> None:
    provider = shop(NOBODY, token="123456:AA", expects_test=False)
    assert (provider.code, provider.currency, provider.merchant, provider.expects_test) == (
        "stars", "XTR", "123456", False,
    )  # fmt: skip
    assert Capability.WEBHOOK not in provider.capabilities, "nothing from the web is proof of Stars"
    assert Capability.FETCH not in provider.capabilities
    for asks in (lambda: provider.fetch("x"), lambda: provider.fetch_refund("x"), lambda: provider.cancel("x", KEY)):
        with pytest.raises(Unsupported):
            asks()


@pytest.mark.parametrize("renews", [False, True])
def test_requests_are_valid_by_the_published_schema(renews: bool) -> None:
    request = shop(NOBODY).request(replace(ORDER, renews=renews))
    methods = {"createInvoiceLink": request} | ({} if renews else {"sendInvoice": request | {"chat_id": 7}})
    for method, arguments in methods.items():
        assert schema.violations(method, arguments) + rules.violations(method, arguments, ()) == []
        assert schema.violations(method, arguments | {"payload": "x" * 129})
    assert request["payload"] == str(KEY)
    assert request.get("subscription_period") == (2592000 if renews else None)


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("VPN", "VPN"),
        ("  VPN \n на   месяц ", "VPN на месяц"),
        ("x" * 32, "x" * 32),
        ("x" * 33, "x" * 31 + "…"),
        ("🔑" * 17, "🔑" * 15 + "…"),
        ("x" + "🔑" * 16, "x" + "🔑" * 15 + "…"),
    ],
)
def test_titles_fit(description: str, title: str) -> None:
    request = shop(NOBODY).request(replace(ORDER, description=description))
    assert request["title"] == title
    longest = shop(NOBODY).request(replace(ORDER, description=description * 300))
    assert schema.violations("createInvoiceLink", longest) == []


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Money(15000, "RUB")},
        {"amount": Money(0, "XTR")},
        {"amount": Money(-1, "XTR")},
        {"amount": Money(10_001, "XTR"), "renews": True},
        {"description": " \n"},
    ],
)
def test_what_cannot_be_asked_for(change: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        shop(NOBODY).request(replace(ORDER, **change))


def test_a_payment_and_its_refund(place: Place) -> None:
    started = place.clock()
    payment = place.buy()
    assert len(payment.external_id) > 128
    assert payment == Snapshot(payment.external_id, "succeeded", PRICE, str(KEY), "42", test=True, at=started)

    place.clock.advance(days=1)
    request = place.refund(payment)
    refunded = RefundSnapshot(payment.external_id, payment.external_id, "succeeded", PRICE)
    assert place.stars.refund(request, KEY) == refunded
    assert place.stars.refund(request, KEY) == refunded, "the same refund"
    [notice] = place.notices()
    seen = place.stars.evidence(notice.kind, notice.body)
    assert seen == replace(refunded, at=started + DAY)

    assert place.stars.operations(started - DAY, started + 2 * DAY) == [payment, seen]
    assert place.stars.operations(started, started + DAY) == [payment], "until is not included"
    assert place.stars.operations(started + timedelta(seconds=1), started + 2 * DAY) == [seen]
    assert place.stars.check() == "bot @kiosk_bot has 0 Stars"


def test_a_repeated_create_is_another_way_to_the_same_payment(place: Place) -> None:
    request = place.stars.request(ORDER)
    links = {outcome.url for outcome in (place.stars.create(request, KEY), place.stars.create(request, KEY))
             if isinstance(outcome, NextAction)}  # fmt: skip
    assert len(links) == 2
    checkout = place.act("pay_invoice", link=links.pop())
    place.bot("answerPreCheckoutQuery", pre_checkout_query_id=checkout["id"], ok=True)
    assert place.told().key == str(KEY)


def test_an_invoice_message_is_the_same_request(place: Place) -> None:
    place.act("text", text="/start")
    message = place.bot("sendInvoice", chat_id=place.buyer, start_parameter="x", **place.stars.request(ORDER))
    checkout = place.act("pay_invoice", message_id=message["message_id"])
    place.bot("answerPreCheckoutQuery", pre_checkout_query_id=checkout["id"], ok=True)
    assert place.told().key == str(KEY)


def test_a_subscription_renews_until_it_is_stopped(place: Place) -> None:
    started = place.clock()
    first = place.buy(replace(ORDER, renews=True))
    assert first.renewal is False
    place.clock.advance(days=30)
    second = place.told()
    expected = replace(first, external_id=second.external_id, renewal=True, at=started + 30 * DAY)
    assert second == expected
    assert second.external_id != first.external_id
    assert place.stars.operations(started + DAY, place.clock() + DAY) == [second], "told apart without the first"
    assert place.stars.operations(started, place.clock() + DAY) == [first, second]

    assert place.stars.stop_renewal(place.buyer, first.external_id) is None
    assert place.stars.stop_renewal(place.buyer, first.external_id) is None
    assert place.stars.stop_renewal(place.buyer, "stxNothing") == Declined("charge_not_found", retryable=False)
    place.clock.advance(days=40)
    assert place.updates() == []


def test_the_buyer_ends_a_subscription(place: Place) -> None:
    first = place.buy(replace(ORDER, renews=True))
    for what, state in (("cancel", "canceled"), ("resume", "active"), ("cancel", "canceled")):
        place.act(f"subscriptions/{first.external_id}/{what}")
        [notice] = place.notices()
        assert (notice.kind, notice.signed) == (f"subscription.{state}", True)
        assert notice.external_id.startswith(f"{KEY}:")
        assert (notice.body["payload"], notice.body["from"]) == (str(KEY), place.buyer)
        assert place.stars.evidence(notice.kind, notice.body) == Renewal(str(KEY), state)


@pytest.mark.parametrize("mode", ["429", "500", "502", "dropped", "dropped_after"])
def test_whoever_does_not_answer_may_have_done_it(place: Place, mode: str) -> None:
    request = place.stars.request(ORDER)
    place.fault(mode, "createInvoiceLink")
    assert isinstance(place.stars.create(request, KEY), Unknown)
    assert isinstance(place.stars.create(request, KEY), NextAction)

    payment = place.buy()
    place.fault(mode, "refundStarPayment")
    assert isinstance(place.stars.refund(place.refund(payment), KEY), Unknown)
    assert isinstance(place.stars.refund(place.refund(payment), KEY), RefundSnapshot)
    place.fault(mode, "editUserStarSubscription")
    assert isinstance(place.stars.stop_renewal(place.buyer, payment.external_id), Unknown)
    for method in ("getStarTransactions", "getMyStarBalance"):
        place.fault(mode, method)
    with pytest.raises(TryLater):
        place.stars.operations(NOW - DAY, NOW + DAY)
    with pytest.raises(TryLater):
        place.stars.check()


def test_nobody_there_is_surely_not_sent() -> None:
    provider = shop(NOBODY)
    assert isinstance(provider.create(provider.request(ORDER), KEY), NotSent)
    assert isinstance(provider.stop_renewal(7, "stx"), NotSent)
    for asks in (provider.check, lambda: provider.operations(NOW - DAY, NOW)):
        with pytest.raises(TryLater) as raised:
            asks()
        assert TOKEN not in str(raised.value)
        assert raised.value.__cause__ is None


def test_a_wrong_token_is_the_operators_business(place: Place) -> None:
    provider = shop(place.url, token="42:WRONG")
    assert provider.create(provider.request(ORDER), KEY) == Declined("unauthorized", retryable=False)
    for asks in (provider.check, lambda: provider.operations(NOW - DAY, NOW)):
        with pytest.raises(Misconfigured) as raised:
            asks()
        assert "WRONG" not in str(raised.value)


def test_an_answer_without_end_is_not_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stars_api, "LARGEST_ANSWER", 20)
    assert place.stars.create(place.stars.request(ORDER), KEY) == Unknown("the answer is too large")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"ok":true,"result":"x"}', stars_api.Done("x")),
        (200, b'{"ok":true}', Unknown("status 200")),
        (200, b'{"ok":false,"description":"?"}', Unknown("status 200")),
        (200, b'{"ok":"true","result":1}', Unknown("status 200")),
        (200, b"[]", Unknown("unreadable answer, status 200")),
        (200, b"\xff", Unknown("unreadable answer, status 200")),
        (302, b"", Unknown("unreadable answer, status 302")),
        (404, b"<html>", Unknown("unreadable answer, status 404")),
        (404, b'{"ok":false,"error_code":404,"description":"Not Found"}', Declined("not_found", retryable=False)),
        (400, b'{"ok":false,"description":null}', Declined("none", retryable=False)),
        (400, b'{"ok":false}', Declined("http_400", retryable=False)),
        (400, b'{"ok":true,"result":1}', Unknown("status 400")),
        (429, b'{"ok":false,"description":"Too Many Requests"}', Unknown("status 429")),
        (500, b'{"ok":false,"description":"Internal Server Error"}', Unknown("status 500")),
    ],
)
def test_how_answers_are_read(status: int, body: bytes, expected: object) -> None:
    assert stars_api._outcome(status, body) == expected


@pytest.mark.parametrize("change", [{"full": False}, {"telegram_id": None}])
def test_refunds_are_whole_and_to_somebody(change: dict[str, Any]) -> None:
    order = RefundOrder(KEY, "stx1", PRICE, True, "x", "user:1", telegram_id=7)
    assert shop(NOBODY).refund_request(order)["telegram_payment_charge_id"] == "stx1"
    with pytest.raises(Unsupported):
        shop(NOBODY).refund_request(replace(order, **change))


@pytest.mark.parametrize("before", [0, 1, 2, 3, 100, 131])
def test_a_long_list_is_read_from_the_middle(place: Place, before: int) -> None:
    """`before` transactions are too old to matter, 105 are of the day."""
    for number in range(before):
        place.post("/chat/api/stars/transactions", **listed(f"old{number}", -35))
    for number in range(105):
        place.post("/chat/api/stars/transactions", **listed(f"new{number}"))
    place.post("/chat/api/stars/transactions", **listed("tomorrow", 1))
    seen = place.stars.operations(NOW, NOW + DAY)
    assert [one.external_id for one in seen] == [f"new{number}" for number in range(105)]
    calls = [call["args"] for call in place.http.get("/log").json() if call["method"] == "getStarTransactions"]
    assert len(calls) <= 20
    assert min(call["offset"] for call in calls if call["limit"] == 100) == before


def test_a_list_in_another_order_is_not_trusted(place: Place) -> None:
    for charge, after in (("b", 0.5), ("a", 0.1)):
        place.post("/chat/api/stars/transactions", **listed(charge, after))
    with pytest.raises(TryLater, match="oldest first"):
        place.stars.operations(NOW, NOW + DAY)


def test_a_transaction_without_a_date_is_not_passed_over(place: Place) -> None:
    place.post("/chat/api/stars/transactions", **(listed("a") | {"date": None}))
    with pytest.raises(TryLater):
        place.stars.operations(NOW, NOW + DAY)
