"""What the tax register confirms needs no second look; what it does not know, or a register that is silent, changes
nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.sandbox import till
from services import receipts
from services.receipts import FiscalCode, Reading
from services.receipts.ocr.fiscal_codes import parse_fiscal_code
from services.receipts.ocr.registers.base import confirm
from services.receipts.ocr.registers.http import HttpRegister
from tests.apps.sandbox.running_world import running
from tests.services.receipts.desk import ZONE, Desk, bought, picture

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running(till.create_app(lambda: AT)) as url:
        yield url


@pytest.fixture
def register(address: str) -> Iterator[HttpRegister]:
    register = HttpRegister(f"{address}/register")
    yield register
    register.close()


@pytest.fixture
def code(address: str) -> FiscalCode:
    """Of a receipt which the till has printed."""
    import httpx

    answer = httpx.get(f"{address}/receipt.png", params={"item": "0"}, trust_env=False)
    number = int(answer.headers["Content-Disposition"].split("receipt-")[1].split(".")[0])
    sold = till.Sale([(till.GOODS[0][0], Decimal(till.GOODS[0][1]))], number, AT)
    found = parse_fiscal_code(sold.code)
    assert found
    return found


def test_what_the_register_knows_is_sure(register: HttpRegister, code: FiscalCode) -> None:
    misread = Reading("D", ("unconfirmed", "no_engine"), code=code)
    sure = confirm(misread, register)
    assert (sure.tier, sure.reasons, sure.source) == ("A", (), "register")
    assert (sure.total, sure.date) == (Decimal("42.50"), AT.date())


def test_what_it_does_not_know_waits_for_a_person(register: HttpRegister, code: FiscalCode) -> None:
    for other in (replace(code, document="S1"), replace(code, total=Decimal("42.51")), replace(code, number="4")):
        doubted = confirm(Reading("B", code=other), register)
        assert (doubted.tier, doubted.reasons) == ("D", ("unconfirmed",))


@pytest.mark.parametrize(
    "doubt", ["screenshot", "edited", "refund", "several_receipts", "date_mismatch", "amount_mismatch"]
)
def test_it_says_nothing_about_the_picture(register: HttpRegister, code: FiscalCode, doubt: str) -> None:
    reading = Reading("D", (doubt,), code=code)
    assert confirm(reading, register) == reading


def test_it_is_asked_about_nothing_else(code: FiscalCode) -> None:
    nobody = HttpRegister("http://127.0.0.1:9/")
    for reading in (
        Reading("C"),
        Reading("B", code=replace(code, country="RU")),
        Reading("D", code=replace(code, kind="refund")),
        Reading("B", code=replace(code, total=None)),
        Reading("B", code=code),  # nobody answers
    ):
        assert confirm(reading, nobody) == reading
    assert confirm(Reading("B", code=code), None).tier == "B"
    nobody.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (200, b"<html>"),
        (403, b""),
        (302, b""),
        (200, b"[1]"),
        (200, b"{}"),
        (400, b"{}"),
        (200, b"[" * 10**5),
    ],
)
def test_an_answer_that_is_none_changes_nothing(code: FiscalCode, status: int, body: bytes) -> None:
    async def answer(_: Request) -> Response:
        return Response(body, status)

    with running(Starlette(routes=[Route("/", answer)])) as url:
        register = HttpRegister(f"{url}/")
        reading = Reading("B", code=code)
        assert confirm(reading, register) == reading
        register.close()


def test_a_silent_register_holds_nobody_up(desk: Desk) -> None:
    nobody = HttpRegister("http://127.0.0.1:9/")
    sent = desk.send(picture(bought(desk.now, key="ua:1")))
    event = receipts.ReceiptSubmitted(receipt_id=sent.id)
    receipts.recognise(desk.db, event, desk.now, desk.storage, desk.reader, ZONE, nobody)
    nobody.close()
    known = desk.look(sent.id)
    assert known.reading
    assert (known.state, known.reading.tier) == ("read", "B")
