"""Answers of Crypto Pay that our stand-in never gives: as documented, of tomorrow, broken, about something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.billing.providers import cryptopay
from services.billing.providers.base import Declined, NextAction, Snapshot, Unknown
from services.billing.providers.cryptopay import api as cryptopay_api
from services.platform.errors import Misconfigured, TryLater
from services.platform.money import Money
from tests.apps.sandbox.running_world import running
from tests.services.billing.cryptopay_shop import FAR_AWAY, KEY, LONG_AGO, PAID, Shop, invoice, order, shops

COINS = {"currency_type": "crypto", "fiat": ..., "asset": "USDT", "amount": "2"}


@pytest.fixture
def shop() -> Iterator[Shop]:
    with shops() as make:
        yield make


class Scripted:
    """A Crypto Pay that answers what it is told to, over HTTP."""

    def __init__(self) -> None:
        self.pages: list[Any] = []
        self.answer: Callable[[], Response] = self.from_pages
        self.app = Starlette(routes=[Route("/api/{method}", self._take, methods=["GET", "POST"])])

    def from_pages(self) -> Response:
        """The next of `pages`; the last one stays."""
        return JSONResponse({"ok": True, "result": self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]})

    async def _take(self, request: Request) -> Response:
        return self.answer()


@pytest.fixture(scope="module")
def _running() -> Iterator[tuple[Scripted, str]]:
    script = Scripted()
    with running(script.app) as url:
        yield script, url


@pytest.fixture
def scripted(_running: tuple[Scripted, str]) -> tuple[Scripted, str]:
    script, url = _running
    script.pages, script.answer = [], script.from_pages
    return script, url


def test_an_invoice_as_documented_is_read(scripted: tuple[Scripted, str], shop: Shop) -> None:
    script, url = scripted
    provider = shop(url)
    script.pages = [invoice()]
    action = NextAction("528890", "https://t.me/CryptoTestnetBot?start=IVDoTcNBYEfk")
    assert provider.create(provider.request(order()), KEY) == action
    script.pages = [{"items": [PAID]}]
    at = datetime(2026, 2, 18, 15, 17, 22, 514000, tzinfo=UTC)
    assert provider.fetch("528890") == Snapshot(
        "528890", "succeeded", Money(29900, "RUB"), str(KEY), "42", test=True, url=action.url, at=at
    )
    script.pages = [{"items": [invoice(payload=...)]}]
    seen = provider.fetch("528890")
    assert isinstance(seen, Snapshot)
    assert seen.key is None


def test_a_token_that_opens_another_app_is_refused(scripted: tuple[Scripted, str], shop: Shop) -> None:
    script, url = scripted
    script.pages = [{"app_id": 42, "name": "Kiosk"}]
    assert shop(url).check() == "app 42 (Kiosk) answers (test)"
    script.pages = [{"app_id": 43, "name": "Kiosk"}]
    with pytest.raises(Misconfigured, match="another app"):
        shop(url).check()


UNREADABLE: list[dict[str, Any]] = [
    {"status": "of tomorrow"},
    {"status": ...},
    {"status": []},
    {"invoice_id": "528890"},
    {"invoice_id": True},
    {"invoice_id": -1},
    {"amount": "1.001"},
    {"amount": 299},
    {"amount": ...},
    {"fiat": "XXX"},
    {"fiat": ["RUB"]},
    {"fiat": ...},
    {"currency_type": ...},
]


@pytest.mark.parametrize("change", UNREADABLE)
def test_an_invoice_that_cannot_be_read_is_no_answer(
    scripted: tuple[Scripted, str], shop: Shop, change: dict[str, Any]
) -> None:
    script, url = scripted
    provider = shop(url)
    script.pages = [invoice(**change)]
    assert isinstance(provider.create(provider.request(order()), KEY), Unknown)
    if change != {"fiat": "XXX"}:  # that one is somebody else's
        script.pages = [{"items": [invoice(**change)]}]
        assert isinstance(provider.fetch("528890"), Unknown)
        with pytest.raises(TryLater):
            provider.operations(LONG_AGO, FAR_AWAY)


@pytest.mark.parametrize(
    "change", [{"payload": "other"}, {"payload": ...}, {"bot_invoice_url": ...}, {"bot_invoice_url": "t"}, COINS]
)
def test_a_fresh_invoice_must_be_the_one_that_was_asked_for(
    scripted: tuple[Scripted, str], shop: Shop, change: dict[str, Any]
) -> None:
    script, url = scripted
    script.pages = [invoice(**change)]
    provider = shop(url)
    assert isinstance(provider.create(provider.request(order()), KEY), Unknown)


ANSWERS: list[Callable[[], Response]] = [
    lambda: Response("", 200),
    lambda: Response("<html>", 200),
    lambda: Response("<html>", 403),
    lambda: Response(status_code=302, headers={"location": "/api/getMe"}),
    lambda: Response("[" * 100_000, 200),
    lambda: JSONResponse([]),
    lambda: JSONResponse({"ok": True}),
    lambda: JSONResponse({"ok": "true", "result": {"items": []}}),
    lambda: JSONResponse({"ok": True, "result": {"items": []}}, 202),
    lambda: JSONResponse({"ok": True, "result": []}),
    lambda: JSONResponse({"ok": True, "result": {"items": {}}}),
    lambda: JSONResponse({"ok": True, "result": {"items": [1]}}),
    lambda: JSONResponse({"ok": True, "result": {"items": [invoice(invoice_id=1)]}}),
    lambda: JSONResponse({"ok": False}, 400),
    lambda: JSONResponse({"ok": False, "error": "no"}, 400),
    lambda: JSONResponse({"ok": False, "error": {"code": 429, "name": "TOO_MANY_REQUESTS"}}),
    lambda: JSONResponse({"ok": False, "error": {"code": 500, "name": "INTERNAL"}}),
    lambda: JSONResponse({"ok": False, "error": {"code": 400, "name": "X"}}, 503),
    lambda: Response(b"not gzip", 200, headers={"content-encoding": "gzip"}),
]


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_an_answer_that_cannot_be_read_is_no_answer(scripted: tuple[Scripted, str], shop: Shop, number: int) -> None:
    script, url = scripted
    script.answer = ANSWERS[number]
    provider = shop(url)
    assert isinstance(provider.fetch("528890"), Unknown)
    assert isinstance(provider.create(provider.request(order()), KEY), Unknown)


def test_an_answer_without_end_is_not_waited_for(scripted: tuple[Scripted, str], shop: Shop) -> None:
    script, url = scripted
    script.answer = lambda: Response(b'{"x":"' + b"x" * cryptopay_api.LARGEST_ANSWER + b'"}')
    assert shop(url).fetch("528890") == Unknown("the answer has no end")


def test_the_token_follows_no_redirection(scripted: tuple[Scripted, str], shop: Shop) -> None:
    script, url = scripted
    answers = [Response(status_code=307, headers={"location": "/api/elsewhere"})]
    script.pages = [{"items": [invoice()]}]
    script.answer = lambda: answers.pop() if answers else script.from_pages()
    assert isinstance(shop(url).fetch("528890"), Unknown)
    assert isinstance(shop(url).fetch("528890"), Snapshot)


def test_a_refusal_counts_whatever_the_status_around_it(scripted: tuple[Scripted, str], shop: Shop) -> None:
    script, url = scripted
    script.answer = lambda: JSONResponse({"ok": False, "error": {"code": 400, "name": "AMOUNT_TOO_BIG"}})
    provider = shop(url)
    assert provider.create(provider.request(order()), KEY) == Declined("AMOUNT_TOO_BIG", retryable=False)


def test_invoices_in_coins_are_nobody_elses_trouble(scripted: tuple[Scripted, str], shop: Shop) -> None:
    script, url = scripted
    tenge = invoice(invoice_id=2, fiat="KZT")
    script.pages = [{"items": [invoice(**COINS), tenge, PAID | {"invoice_id": 3}]}]
    provider = shop(url)
    assert [one.external_id for one in provider.operations(LONG_AGO, FAR_AWAY)] == ["3"]
    assert provider.fetch("528890") == Declined("not_in_fiat", retryable=False)
    assert provider.fetch("2") == Declined("not_in_fiat", retryable=False)


def test_a_list_that_moves_or_comes_the_other_way_round_loses_nothing(
    scripted: tuple[Scripted, str], shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cryptopay, "PAGE", 2)
    script, url = scripted
    old, new = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        invoice(invoice_id=n, created_at=f"2026-{month:02}-0{n}T10:00:00Z") for month, n in ((1, 1), (1, 2), (2, 3))
    ]
    provider = shop(url)
    script.pages = [{"items": rows[:2]}, {"items": rows[2:]}]
    assert [one.external_id for one in provider.operations(old, new)] == ["3"], "oldest first: it reads on"
    script.pages = [{"items": [rows[2], rows[1]]}, {"items": [rows[1], rows[0]]}, {"items": []}]
    found = provider.operations(datetime(2026, 1, 1, tzinfo=UTC), new)
    assert [one.external_id for one in found] == ["3", "2", "1"], "a new invoice came between two pages"
    for made in (..., "yesterday", "2026-02-01T10:00:00", 7):
        script.pages = [{"items": [invoice(created_at=made)]}]
        with pytest.raises(TryLater, match="528890"):
            provider.operations(old, new)
