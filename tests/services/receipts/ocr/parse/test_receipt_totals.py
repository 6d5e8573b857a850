"""The total among everything else that is printed like one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from services.receipts.ocr.base import Word
from services.receipts.ocr.parse import parse
from tests.services.receipts.ocr.parse.looked import TODAY, look, read_once, read_twice

TOTALS = {
    "rounded to ten kopecks": (
        """
        СИР 280.97 А
        СУМА 280.97
        ЗАОКРУГЛЕННЯ 0.03
        ДО СПЛАТИ 281.00
        ГОТІВКА 300.00
        РЕШТА 19.00
        """,
        "281.00",
    ),
    "rounded, but no line of rounding is read": (
        """
        2.000 X 100.00
        СИР 200.00 А
        ХЛІБ 80.97 А
        СУМА 280.97
        ПДВ А=20.00% 46.83
        ДО СПЛАТИ 281.00
        """,
        "281.00",
    ),
    "rounded, and what is to be paid is not read": (
        """
        СИР 200.00 А
        ХЛІБ 80.97 А
        СУМА 280.97
        ПДВ А=20.00% 46.83
        ГОТІВКА 300.00
        РЕШТА 19.00
        """,
        "281.00",
    ),
    "rounded to five cents, payable below": (
        """
        PAPER 1,00 12.98 SR
        Total Sales (Inclusive of GST) : 12.98
        Rounding Adj : 0.02
        Total Amt Payable : 13.00
        Paid Amount 20.00
        Change 7.00
        """,
        "13.00",
    ),
    "rounding against a total that is named once": (
        """
        RICE 9.62
        TOTAL 9.62
        ROUNDING -0.02
        CASH 9.60
        """,
        "9.60",
    ),
    "a table of taxes has a row of totals": (
        """
        TEA 106.00
        TOTAL (RM) 106.00
        VISA CARD 106.00
        GST SUMMARY AMOUNT(RM) TAX(RM)
        SR 6% 100.00 6.00
        TOTAL 100.00 6.00
        """,
        "106.00",
    ),
    "payable against a total with its tax": (
        """
        Total 0% supplies: 31.78
        Total 6% supplies (excl. GST): 7.92
        Total 6% supplies (Inc. GST): 8.40
        Total Payable: 40.18
        """,
        "40.18",
    ),
    "excluding and including": (
        """
        TOTAL(EXCLUDING GST): 28.58
        GST PAYABLE (6%): 1.72
        TOTAL (INCLUSIVE OF GST): 30.30
        TOTAL: 30.30
        CASH : 50.00
        CHANGE : 19.70
        """,
        "30.30",
    ),
    "the sum stands below its name": (
        """
        КАВА 45.50
        ДО СПЛАТИ
        45.50
        """,
        "45.50",
    ),
    "net, tax and gross": (
        """
        BROT 3,98 B
        SUMME EUR 5,17
        Geg. BAR EUR 10,00
        Rückgeld BAR EUR 4,83
        Steuer % Netto Steuer Brutto
        B= 7,0% 4,83 0,34 5,17
        Gesamtbetrag 4,83 0,34 5,17
        """,
        "5.17",
    ),
    "a sum of pieces before": (
        """
        Zwischensumme EUR 15,95
        RABATT -1,95
        SUMME EUR 14,00
        Kartenzahlung 14,00
        """,
        "14.00",
    ),
    "a total before its discount": (
        """
        Sub-Total : 25.60
        Coupon Discount : 21.70
        Grand Total : 3.90
        Payment : 5.00
        Change Due : 1.10
        """,
        "3.90",
    ),
    "its point is lost, cash and change tell": (
        """
        SUMME EUR 2384
        Geg. BAR EUR 30,00
        Rückgeld EUR 6,16
        """,
        "23.84",
    ),
    "its point is lost, the lines tell": (
        """
        BROT 11,92 B
        GOUDA 11,92 B
        SUMME EUR 23 84
        """,
        "23.84",
    ),
    "a digit of it is misread, cash and change tell": (
        """
        SPINDEL 49,99
        SUMME EUR 48,99
        GEGEBEN BAR 50,00
        RÜCKGELD EUR 0,01
        """,
        "49.99",
    ),
    "zeros of it are misread, the lines tell": (
        """
        ЯБЛУКА 914.00 А
        МОЛОКО 151.00 А
        СУМА 1965.98
        """,
        "1065.00",
    ),
    "a sign before it is read as a digit": (
        """
        Конфеты =525.03
        Чай =186.85
        ИТОГ 2711.88
        """,
        "711.88",
    ),
    "net and tax stand in the row of the total": (
        """
        BROT 466,18 B
        Geg. EC-Cash EUR 960,12
        Steuer % Netto Steuer Brutto
        B= 7,0% 897,31 62,81
        Gesamtbetrag 897,31 62,81
        """,
        "960.12",
    ),
    "letters for digits": (
        """
        ХЛІБ 28.50
        СУМА 2B.5O
        """,
        "28.50",
    ),
    "Latin look-alikes": (
        """
        XЛIБ 28.50
        CУMA 28.50
        ГOTIBKA 30.00
        PEШTA 1.50
        """,
        "28.50",
    ),
    "thousands": (
        """
        НОУТБУК =31 234.50
        ИТОГ =31 234.50
        БЕЗНАЛИЧНЫМИ =31 234.50
        """,
        "31234.50",
    ),
    "points of a card": (
        """
        СИР 90.00
        СУМА 90.00
        БОНУСІВ НА КАРТЦІ 350.00
        """,
        "90.00",
    ),
    "money handed over is more than the total": (
        """
        TOTAL 12.00
        CASH 100.00
        CHANGE 88.00
        """,
        "12.00",
    ),
}


@pytest.mark.parametrize(("whole", "total"), TOTALS.values(), ids=TOTALS)
def test_the_total(whole: str, total: str) -> None:
    assert read_once(whole).total == Decimal(total)


TABLE = """
        MwSt    NETTO   MwSt   UMSATZ
        B  7%   19,90   1,39   21,29
        C 19%    4,90   0,93    5,83
"""


@pytest.mark.parametrize(
    ("before", "after", "total"),
    [
        ("BROT 20,99\nKarte EUR 77,12", "", "27.12"),  # what is named is misread, the rows prove themselves
        ("SUMME EUR 27,12", "", "27.12"),
        ("BROT 20,99\nKarte EUR 77,12", "SUMME  24,80   2,32   27,12", "27.12"),  # a row of sums is none of its own
        ("SUMME EUR 30,12", "", "30.12"),  # a row that was lost
    ],
)
def test_the_table_of_taxes(before: str, after: str, total: str) -> None:
    table = TABLE if total == "27.12" else "\n".join(TABLE.splitlines()[:3])
    assert read_once(f"{before}\n{table}\n{after}").total == Decimal(total)


def test_a_table_without_gross_sums_confirms_the_total() -> None:
    parsed = read_once("TOTAL INCL GST 24.00\nGST SUMMARY AMOUNT TAX\nSR 6% 22.64 1.36")
    assert parsed.total == Decimal("24.00")
    assert "taxes" in parsed.proofs


def test_nothing_that_may_be_a_total() -> None:
    assert read_once("ДЯКУЄМО ЗА ПОКУПКУ\n18.11.2021 14:22").total is None


def test_two_looks_are_more_than_one_misreading() -> None:
    wrong, right = "СУМА 231.00", "СУМА 281.00\nДО СПЛАТИ 281.00"
    parsed = read_twice(wrong, right)
    assert parsed.total == Decimal("281.00")
    assert parsed.looks == 0  # as many say another one


def test_soft_light_counts_less_for_totals() -> None:
    looks = [look("СУМА 281.00"), look("СУМА 231.00", name="soft")]
    assert parse(looks, TODAY).total == parse(looks[::-1], TODAY).total == Decimal("281.00")


PROOFS = {
    "lines": "ХЛІБ 20.00\nСИР 30.00\nСУМА 50.00",
    "change": "СУМА 50.00\nГОТІВКА 60.00\nРЕШТА 10.00",
    "repeated": "СУМА 50.00\nОТРИМАНО 50.00",
    "taxes": "СУМА 60.00\nПДВ А=20.00% 10.00",
    "rounding": "TOTAL 49.98\nROUNDING ADJ 0.02\nTOTAL PAYABLE 50.00",
    "card": "ДО СПЛАТИ 50.00\nБЕЗГОТІВКОВА 50.00",
}


@pytest.mark.parametrize(("proof", "whole"), PROOFS.items(), ids=PROOFS)
def test_what_confirms_a_total(proof: str, whole: str) -> None:
    assert proof in read_once(whole).proofs


@pytest.mark.parametrize(
    ("proof", "whole"),
    [
        ("lines", "ХЛІБ 20.00\nСИР 31.00\nСУМА 50.00"),
        ("change", "СУМА 50.00\nГОТІВКА 60.00\nРЕШТА 11.00"),
        ("repeated", "СУМА 50.00\nОТРИМАНО 60.00"),
        ("taxes", "СУМА 60.00\nПДВ А=20.00% 11.50"),
        ("taxes", "СУМА 60.00\nГОТІВКА 70.00\nРЕШТА 10.00"),  # change is no tax
        ("rounding", "TOTAL 49.38\nROUNDING ADJ 0.02\nTOTAL PAYABLE 50.00"),
        ("card", "ДО СПЛАТИ 50.00\nБЕЗГОТІВКОВА 60.00"),
    ],
)
def test_what_does_not_confirm_it(proof: str, whole: str) -> None:
    assert proof not in read_once(whole).proofs


ROUNDED = """
СИР 200.00 А
ХЛІБ 80.97 А
СУМА 280.97
ПДВ А=20.00% 46.83
ЗАОКРУГЛЕННЯ 0.03
ДО СПЛАТИ 281.00
"""


def test_zeros_read_as_nines_are_known_by_how_tills_round() -> None:
    """What was bought and its tax agree on 280.97 in both looks; only one of them has the rounded sum right."""
    parsed = read_twice(ROUNDED, ROUNDED.replace("281.00", "281.90").replace("0.03", "9.93"))
    assert (parsed.total, parsed.looks) == (Decimal("281.00"), 2)


def test_a_rounded_sum_that_no_look_has_is_a_guess() -> None:
    spoilt = ROUNDED.replace("281.00", "281.90")
    parsed = read_twice(spoilt, spoilt)
    assert (parsed.total, parsed.looks) == (Decimal("281.00"), 0)


def test_a_look_at_the_same_picture_confirms_nothing() -> None:
    words = (Word("СУМА", 10, 10, 60, 30, 91.0), Word("50.00", 80, 10, 120, 30, 88.0))
    one = replace(look("СУМА 50.00", "18.11.2021 14:22"), words=words)
    moved = replace(one, words=(replace(words[0], left=11), words[1]))
    same, other = parse([one, replace(one, name="soft")], TODAY), parse([one, moved], TODAY)
    assert (same.looks, same.date_looks) == (1, 1)
    assert (other.looks, other.date_looks) == (2, 2)


def test_what_was_bought_outweighs_zeros_that_are_read_as_nines_everywhere() -> None:
    """Total, cash and change agree with each other in both looks, and are wrong by the same nine."""
    wrong = """
    СИР 190.42 А
    ХЛІБ 826.14 А
    СУМА 1916.56
    ЗАОКРУГЛЕННЯ 0.04
    ДО СПЛАТИ 1916.60
    ГОТІВКА 1950.00
    РЕШТА 33.40
    """
    parsed = read_twice(wrong)
    assert parsed.total == Decimal("1016.60")
    assert parsed.looks == 0
