"""Sums of money in a line of print."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.receipts.ocr.parse.amounts import amounts, loose
from services.receipts.ocr.parse.text import fold, mend_numbers, says

ROWS = [
    ("СУМА 280.97", ["280.97"]),
    ("СУМА 1 280,97", ["1280.97"]),
    ("TOTAL 1,007.50", ["1007.50"]),
    ("SUMME 1.007,50", ["1007.50"]),
    ("SUMME EUR 48. 99 *", ["48.99"]),
    ("1.312 X 74.90", ["74.90"]),
    ("4 10.00 40.00", ["10.00", "40.00"]),
    ("Цитрамон №10 66.50", ["66.50"]),
    ("ПДВ А=20.00%  46.83", ["46.83"]),
    ("18.11.2021 14:22:52", []),
    ("18.11.21", []),
    ("тел. 44.123.45.67", []),
    ("2.500 кг", []),
    ("12:30.45", []),
    ("99999999999.00", []),
    ("=179.80", ["179.80"]),
    ("RM12.50", ["12.50"]),
    ("0.00", ["0.00"]),
]


@pytest.mark.parametrize(("line", "wanted"), ROWS)
def test_amounts_of_a_line(line: str, wanted: list[str]) -> None:
    assert [one.value for one in amounts(line)] == [Decimal(value) for value in wanted]


def test_a_gap_may_part_columns() -> None:
    (one,) = amounts("ПАПІР А4 ЯКІСНИЙ 10 664.56")
    assert one.value == Decimal("10664.56")
    assert one.at_most(Decimal("900.00")) == Decimal("664.56")
    assert one.at_most(None) == one.at_most(Decimal("20000.00")) == one.value


@pytest.mark.parametrize("line", ["Знижка -5.00", "Знижка – 5.00", "RABATT 5,00-", "DISC RM-5.00"])
def test_a_minus_on_either_side(line: str) -> None:
    (one,) = amounts(line)
    assert one.value == Decimal("5.00")
    assert one.is_minus


def test_no_minus_where_a_dash_parts_words() -> None:
    assert not amounts("Цитрамон-Дарниця 5.00")[0].is_minus


@pytest.mark.parametrize("line", ["SUMME EUR 23 84", "SUMME EUR 2384", "SUMME EUR 23:84", "SUMME EUR 23·84"])
def test_a_lost_point(line: str) -> None:
    assert loose(line) == [Decimal("23.84")]
    assert amounts(line) == []


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("СУМА 28O.97", "СУМА 280.97"),
        ("СУМА 2З0.9l", "СУМА 230.91"),
        ("SUMME 4B,S0", "SUMME 48,50"),
        ("СИР ЗО.ЗО", "СИР ЗО.ЗО"),  # more letters than digits: a word as likely
        ("OO.SO", "OO.SO"),
    ],
)
def test_letters_within_numbers_are_mended(line: str, wanted: str) -> None:
    assert mend_numbers(line) == wanted


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("CУMA ДO CПЛATИ", "до сплати"),
        ("ДО СПЛАТN", "до сплати"),
        ("T0TAL PAYABLE:", "total payable"),
        ("ИТ0Г", "итог"),
        ("Rückgeld BAR", "rückgeld"),
        ("3AOКРУГЛЕННЯ", "заокруглення"),
    ],
)
def test_words_are_known_by_how_they_look(line: str, word: str) -> None:
    assert says(fold(line), (fold(word),))


@pytest.mark.parametrize(("line", "word"), [("ПІДСУМКИ ЗМІНИ", "сума"), ("TOTALITY", "total"), ("BARBECUE", "bar")])
def test_a_part_of_a_word_is_another_word(line: str, word: str) -> None:
    assert not says(fold(line), (fold(word),))
