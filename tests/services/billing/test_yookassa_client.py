"""What the SDK may not do to us, and what the network may not do to the SDK."""

from __future__ import annotations

import json
import threading
import uuid
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yookassa as sdk
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from services.billing.providers import yookassa as adapter
from services.billing.providers.base import Declined, NextAction, NotSent, RefundSnapshot, Snapshot, Unknown
from services.billing.providers.yookassa import YooKassa, client
from services.platform.errors import Misconfigured, TryLater
from tests.apps.sandbox.running_world import running
from tests.contracts.sandbox_shop import order
from tests.contracts.yookassa_shop import YooKassaShop

GOOD = {  # a payment and a refund alike
    "id": "22d6d597-000f-5000-9000-145f6df21d6f",
    "payment_id": "22d6d597-000f-5000-9000-145f6df21d6a",
    "status": "pending",
    "amount": {"value": "1.00", "currency": "RUB"},
    "recipient": {"account_id": "1"},
    "test": True,
}
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[YooKassaShop]:
    shop = YooKassaShop(tmp_path)
    yield shop
    shop.close()


def open_payment(provider: YooKassa) -> NextAction:
    asked = order()
    opened = provider.create(provider.request(asked), asked.key)
    assert isinstance(opened, NextAction)
    return opened


# --- credentials ------------------------------------------------------------------------------------------------------


def test_two_shops_in_many_threads_never_mix(tmp_path: Path) -> None:
    """By itself the SDK keeps its credentials in class attributes."""
    names, barrier = ("100501", "100502"), threading.Barrier(8)

    def buy_some(shop: YooKassaShop) -> None:
        barrier.wait()
        for _ in range(8):
            seen = shop.provider.fetch(open_payment(shop.provider).external_id or "")
            assert isinstance(seen, Snapshot)
            assert seen.merchant == shop.provider.merchant

    with ExitStack() as stack:
        shops = [YooKassaShop(tmp_path / name, shop_id=name, secret_key=f"test_{name}") for name in names]
        for shop in shops:
            stack.callback(shop.close)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(buy_some, shops * 4))
        for shop, name in zip(shops, names, strict=True):
            basic = b64encode(f"{name}:test_{name}".encode()).decode()
            assert shop.authorizations == [f"Basic {basic}"] * (2 * 4 * 8)
            assert shop.seen() == 4 * 8


def test_the_environment_of_the_sdk_changes_nothing(shop: YooKassaShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its global settings, nor its logger, nor a proxy of the machine."""
    said: list[Any] = []

    class Logger:
        def info(self, *arguments: Any, **context: Any) -> None:
            said.append((arguments, context))

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setattr(sdk.Configuration, "logger", Logger())
    sdk.Configuration.configure("666", "theirs", api_url="http://127.0.0.1:9")
    try:
        open_payment(shop.provider)
    finally:
        sdk.Configuration.configure(None, None)
    assert said == [], "the SDK logs the Authorization header"


def test_a_refusal_is_logged_without_secrets(shop: YooKassaShop) -> None:
    asked = order()
    with capture_logs() as said:
        outcome = shop.provider.create(shop.provider.request(asked) | {"description": "x" * 129}, asked.key)
        assert shop.provider.fetch(shop.unknown_id()) == Declined("not_found", retryable=False)
    assert outcome == Declined("invalid_request", retryable=False)
    (line,) = said
    assert (line["event"], line["code"], line["parameter"]) == ("yookassa_refused", "invalid_request", "description")
    assert "test_SANDBOX" not in str(said)


# --- the network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["slow", "hang"])
def test_it_waits_only_so_long(shop: YooKassaShop, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setattr(client, "TIMEOUTS", (1.0, 0.2))
    shop.switch("/faults", mode=mode, delay=1)
    asked = order()
    assert shop.provider.create(shop.provider.request(asked), asked.key) == Unknown("ReadTimeout")


def test_the_timeouts_are_sane() -> None:
    connect, read = client.TIMEOUTS
    assert 0 < connect < 5 < read <= 30


def test_one_connection_serves_many_calls(shop: YooKassaShop) -> None:
    for _ in range(5):
        shop.provider.check()
    pools = shop.provider._client.get_session().get_adapter(shop.api).poolmanager.pools
    (pool,) = map(pools.get, pools.keys())
    assert (pool.num_connections, pool.num_requests) == (1, 5)


def test_a_kept_connection_that_is_gone_is_an_outcome(tmp_path: Path) -> None:
    with closing(YooKassaShop(tmp_path)) as shop:
        provider = YooKassa(shop_id="100500", secret_key="test_SANDBOX", api_url=shop.api, expects_test=True)
        provider.check()
    asked = order()
    assert isinstance(provider.create(provider.request(asked), asked.key), NotSent | Unknown)
    provider.close()


# --- answers that are not YooKassa's ----------------------------------------------------------------------------------


@contextmanager
def stranger(*answers: Response) -> Iterator[tuple[YooKassa, list[str]]]:
    """An adapter whose requests get these answers, the last one for ever; and the requests, as "METHOD path?query"."""
    left, asked = list(answers), []

    async def answer(request: Request) -> Response:
        asked.append(f"{request.method} {request.url.path}?{request.url.query}")
        return left.pop(0) if len(left) > 1 else left[0]

    route = Route("/{path:path}", answer, methods=["GET", "POST"])
    with running(Starlette(routes=[route])) as url:
        provider = YooKassa(shop_id="1", secret_key="x", api_url=f"{url}/v3", expects_test=True)
        with closing(provider):
            yield provider, asked


def as_json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, media_type="application/json")


@pytest.mark.parametrize(
    "answer",
    [
        RedirectResponse("/elsewhere", 307),
        RedirectResponse("/elsewhere", 302),
        Response(b"<html>403</html>", 403, media_type="text/html"),
        Response(b"<html>404</html>", 404, media_type="text/html"),
        Response(b"", 200),
        Response(b"", 204),
        Response(b"[" * 100_000, 200),
        Response(b"\xff\xfe\x00", 200),
        Response(b"{}", 200, headers={"content-encoding": "gzip"}),
        as_json([]),
        as_json(None),
        as_json({}),
        as_json({"id": []}),
        as_json({"message": "no route"}, 404),
        as_json(["error"], 400),
        as_json({"type": "error", "code": {}}, 401),
        as_json({"type": "error", "code": "internal_server_error"}, 500),
        as_json({"type": "error", "code": "too_many_requests"}, 429),
        as_json({"type": "error", "code": "unavailable"}, 503),
        as_json({"type": "processing"}, 202),
        as_json({"type": "error", "code": "teapot"}, 418),
    ],
)
def test_what_nobody_can_read_is_unknown_and_asked_once(answer: Response) -> None:
    with stranger(answer) as (provider, asked):
        wanted = order()
        assert isinstance(provider.create(provider.request(wanted), wanted.key), Unknown)
        assert isinstance(provider.fetch_refund("1"), Unknown)
        assert len(asked) == 2, "neither repeated nor sent elsewhere"


def test_an_answer_without_end_is_not_read() -> None:
    me = {"account_id": "1", "status": "enabled", "test": True}
    with stranger(as_json(me), as_json(me | {"pad": "x" * client.LARGEST})) as (provider, _):
        assert provider.check()
        with pytest.raises(TryLater):
            provider.check()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_of_yookassa_is_declined(status: int) -> None:
    with stranger(as_json({"type": "error", "code": "a_code_of_tomorrow"}, status)) as (provider, _):
        assert provider.fetch("1") == Declined("a_code_of_tomorrow", retryable=False)
        with pytest.raises(Misconfigured):
            provider.check()


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_long_list_is_read_page_by_page(shop: YooKassaShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "PAGE", 2)
    ids = {open_payment(shop.provider).external_id for _ in range(5)}
    hour = timedelta(hours=1)
    listed = shop.provider.operations(shop.now() - hour, shop.now() + hour)
    assert len(listed) == 5
    assert {one.external_id for one in listed} == ids
    pages = [one["query"] for one in shop.log() if one["method"] == "GET" and one["path"] == "/v3/payments"]
    assert ["cursor" in query for query in pages] == [False, True, True]
    assert len({(query["created_at.gte"], query["created_at.lt"], query["limit"]) for query in pages}) == 1


def test_spans_join_without_a_gap_or_an_overlap(shop: YooKassaShop) -> None:
    """Times of the list are whole milliseconds, ours are not."""
    external_id = open_payment(shop.provider).external_id
    (there,) = shop.listed("payments")
    seen = shop.provider.fetch(there["id"])
    assert isinstance(seen, Snapshot)
    assert seen.at
    hour = timedelta(hours=1)
    for micro in (0, 1, 999, 1000):
        middle = seen.at + timedelta(microseconds=micro)
        before = shop.provider.operations(seen.at - hour, middle)
        after = shop.provider.operations(middle, seen.at + hour)
        assert [one.external_id for one in [*before, *after]] == [external_id], micro


def test_an_object_that_cannot_be_read_does_not_hide_the_others() -> None:
    strange = GOOD | {"id": "of-tomorrow", "status": "frozen", "description": "anna@example.com"}
    page = as_json({"type": "list", "items": [strange, GOOD, None]})
    with stranger(page) as (provider, _), capture_logs() as said:
        listed = provider.operations(NOON, NOON)
    assert [type(one) for one in listed] == [Snapshot, RefundSnapshot]
    assert [(one["event"], one["path"], one["external_id"]) for one in said] == [
        ("yookassa_unreadable", path, external_id)
        for path in ("/payments", "/refunds")
        for external_id in ("of-tomorrow", None)
    ]
    assert "anna" not in str(said)


@pytest.mark.parametrize(
    "page", [{"type": "list"}, {"items": None}, {"items": {}}, {"items": [], "next_cursor": "the same for ever"}]
)
def test_a_list_that_is_none_or_never_ends_is_no_list(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "MOST_PAGES", 3)
    with stranger(as_json(page)) as (provider, asked), pytest.raises(TryLater):
        provider.operations(NOON, NOON)
    assert len(asked) <= 3


def test_the_same_key_with_another_request_is_refused_there(shop: YooKassaShop) -> None:
    """So a stored request must never be made anew."""
    first, second, key = order(), order(), uuid.uuid4()
    assert isinstance(shop.provider.create(shop.provider.request(first), key), NextAction)
    assert isinstance(shop.provider.create(shop.provider.request(second), key), Declined)
    assert shop.seen() == 1
