"""What fiscal QR codes say, in every spelling that is in use, and that nothing else passes for one."""

from __future__ import annotations

import string
from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.receipts.ocr.fiscal_codes import parse_fiscal_code

UA = "https://cabinet.tax.gov.ua/cashregs/check?"
RU = "t=20251201T1612&s=46.50&fn=9280440300000001&i=12345&fp=1234567890&n=1"


def test_a_russian_code() -> None:
    code = parse_fiscal_code(RU)
    assert code
    assert (code.key, code.country) == ("ru:9280440300000001:12345:1234567890", "RU")
    assert (code.total, code.date, code.time) == (Decimal("46.50"), date(2025, 12, 1), time(16, 12))
    assert code.kind == "sale"


@pytest.mark.parametrize(
    ("said", "meant"),
    [("n=1", "sale"), ("n=2", "refund"), ("n=3", "purchase"), ("n=4", "purchase_refund"), ("n=9", "unknown")],
)
def test_only_sales_are_sales(said: str, meant: str) -> None:
    code = parse_fiscal_code(RU.replace("n=1", said))
    assert code
    assert code.kind == meant


def test_one_receipt_has_one_key_however_its_numbers_are_padded() -> None:
    padded = parse_fiscal_code(RU.replace("i=12345", "i=0012345").replace("T1612", "T161259"))
    plain = parse_fiscal_code(RU)
    assert plain
    assert padded == plain


@pytest.mark.parametrize(
    "query",
    [
        "id=UxI07gWmYOQ&date=20251201&time=16:12&fn=4001246197&sm=46.50",
        "fn=4001246197&sm=46.5&id=UxI07gWmYOQ&time=161230&date=20251201",
        "id=UxI07gWmYOQ&date=01122025%2016:12:00&fn=4001246197&sum=46.50",
        "id=UxI07gWmYOQ&date=20251201&time=16:12:59&fn=4001246197&sm=46,50&mac=0f0f\x00",
        "id=UxI07gWmYOQ&date=2025-12-01&time=1612&fn=4001246197&sm=46.50\r\n",
    ],
)
def test_ukrainian_codes_in_every_spelling(query: str) -> None:
    code = parse_fiscal_code(UA + query)
    assert code
    assert code.key == "ua:4001246197:UxI07gWmYOQ:2025-12-01"
    assert (code.total, code.date, code.time) == (Decimal("46.50"), date(2025, 12, 1), time(16, 12))


def test_a_register_that_counts_anew_has_another_key_another_day() -> None:
    keys = {
        code.key
        for day in ("20251201", "20251202")
        if (code := parse_fiscal_code(f"{UA}id=17&date={day}&time=1000&fn=3000123456&sm=1.00"))
    }
    assert len(keys) == 2


def test_the_old_ukrainian_form() -> None:
    code = parse_fiscal_code("q83vASM=;0000003990;0307231352;3000762597;0000322741")
    assert code
    assert (code.total, code.date, code.time) == (Decimal("39.90"), date(2023, 7, 3), time(13, 52))
    assert (code.number, code.document) == ("3000762597", "322741")


def test_a_code_without_a_sum_is_still_a_key() -> None:
    code = parse_fiscal_code(f"{UA}id=17&date=20251201&time=1000&fn=3000123456")
    assert code
    assert code.total is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.com/",
        "https://cabinet.tax.gov.ua.example.com/cashregs/check?id=1&date=20251201&time=1000&fn=3000123456&sm=1",
        "https://example.com/?u=cabinet.tax.gov.ua/cashregs/check&id=1&date=20251201&fn=3000123456&sm=1",
        UA + "id=1&date=20251201&time=1000&fn=30001&sm=1.00",
        UA + "id=<script>&date=20251201&time=1000&fn=3000123456&sm=1.00",
        RU.replace("s=46.50", "s=-46.50"),
        RU.replace("s=46.50", "s=1e9"),
        RU.replace("s=46.50", "s=NaN"),
        RU.replace("20251201", "20251332"),
        RU.replace("fn=9280440300000001", "fn=9280"),
        RU.replace("fp=1234567890", "fp=٣٤"),
        RU + "&x=" + "a" * 5000,
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert parse_fiscal_code(text) is None


parts = st.sampled_from(["t=", "s=", "fn=", "i=", "fp=", "n=", "id=", "date=", "sm=", "&", "=", ";", "%", UA, "\x00"])


@settings(max_examples=30)
@example("t=&s=&fn=&i=&fp=")
@given(st.lists(parts | st.text(string.digits + "T:.", max_size=16) | st.text(max_size=8), max_size=16).map("".join))
def test_no_text_makes_it_fail(text: str) -> None:
    code = parse_fiscal_code(text)
    assert code is None or code.key.startswith(("ua:", "ru:"))


@settings(max_examples=40)
@given(
    st.decimals(min_value=0, max_value=Decimal("999999.99"), places=2),
    st.integers(0, 10**16 - 1),
    st.integers(1, 10**9),
)
def test_what_a_register_writes_is_what_is_read(total: Decimal, number: int, document: int) -> None:
    day = date(2020 + document % 9, 1 + document % 12, 1 + number % 28)
    code = parse_fiscal_code(f"t={day:%Y%m%d}T0915&s={total}&fn={number:016}&i={document}&fp=1&n=1")
    assert code
    assert (code.total, code.date, code.number, code.document) == (total, day, f"{number:016}", str(document))
