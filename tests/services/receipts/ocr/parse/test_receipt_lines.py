"""What was bought, as tills print it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.receipts.facts import ReadLine
from tests.services.receipts.ocr.parse.looked import read_once, read_twice

FORMS = {
    "name and sum": ("ХЛІБ БІЛИЙ 19.90 А", "19.90", "ХЛІБ БІЛИЙ: 1 x 19.90 = 19.90"),
    "quantity above": ("1.312 X 74.90\nГОМІЛКА 98.27 А", "98.27", "ГОМІЛКА: 1.312 x 74.90 = 98.27"),
    "quantity below": ("BROT VOLLKORN 3,98 B\n2 Stk x 1,99", "3.98", "BROT VOLLKORN: 2 x 1.99 = 3.98"),
    "name above all": ("Хліб білий\n2 x 24,50 = 49,00", "49.00", "Хліб білий: 2 x 24.50 = 49.00"),
    "all in one line": ("Хліб білий 2 шт x 24.50 49.00", "49.00", "Хліб білий: 2 x 24.50 = 49.00"),
    "price first": ("Хлеб белый\n24.50 * 2 =49.00", "49.00", "Хлеб белый: 2 x 24.50 = 49.00"),
    "numbered": ("1. Хлеб белый\n1.000 x 24.50 =24.50", "24.50", "Хлеб белый: 1.000 x 24.50 = 24.50"),
    "sum of its own line": ("Хліб білий\n3 x 10.00\n30.00", "30.00", "Хліб білий: 3 x 10.00 = 30.00"),
    "columns": ("WHITE BREAD 2 12.80 25.60", "25.60", "WHITE BREAD 2: 2 x 12.80 = 25.60"),
    "weighed in columns": ("Яблука 1,250 кг 40,00 50,00", "50.00", "Яблука 1,250 кг: 1.250 x 40.00 = 50.00"),
    "a name of two lines": ("Шоколад молочний\nз горіхами 65.00", "65.00", None),
    "a gap like thousands": ("СЕРВЕТКИ 100 45.50", "45.50", None),
    "price, named so": ("1: 4312345 Бананы\nЦена 40.00 * 1.250 = 50.00", "50.00", None),
    "weighed below": ("BANANE 1,79 B\n0,916 kg x 1,95 EUR/kg", "1.79", "BANANE: 0.916 x 1.95 = 1.79"),
    "a code between": ("0,256 X 199,00\nКОД УКТЗЕД 0406 90\nСИР 50,94А", "50.94", "СИР: 0.256 x 199.00 = 50.94"),
    "a Cyrillic times": ("Хліб білий\n2 х 24.50 49.00", "49.00", "Хліб білий: 2 x 24.50 = 49.00"),
}


def shown(line: ReadLine) -> str:
    return f"{line.name}: {line.quantity} x {line.price} = {line.sum}"


@pytest.mark.parametrize(("goods", "total", "wanted"), FORMS.values(), ids=FORMS)
def test_forms(goods: str, total: str, wanted: str | None) -> None:
    parsed = read_once(f"ТОВ КУТОЧОК\n{goods}\nСУМА {total}\n18.11.2021 14:22")
    assert [str(line.sum) for line in parsed.lines] == [total]
    if wanted:
        assert [shown(line) for line in parsed.lines] == [wanted]


@pytest.mark.parametrize(
    "line",
    [
        "Знижка 10% -5.00",
        "СКИДКА 5.00",
        "ПДВ А=20% 3.32",
        "НДС 20% =3.32",
        "в т.ч. НДС 10% 1.81",
        "ЗАОКРУГЛЕННЯ 0.05",
        "АКЦИЗ 5% 0.95",
        "тел. 044 123 45 67",
        "www.kutochok.ua 12.00",
        "Касир: Олена 12.00",
        "ЧЕК 12.00",
        "Pfand zurück -0.25",
    ],
)
def test_what_is_none_of_it(line: str) -> None:
    parsed = read_once(f"ТОВ КУТОЧОК\nХЛІБ БІЛИЙ 19.90 А\n{line}\nСУМА 19.90\n18.11.2021 14:22")
    assert [str(one.sum) for one in parsed.lines] == ["19.90"]


def test_nothing_below_the_total_was_bought() -> None:
    parsed = read_once(
        "ХЛІБ 19.90\nСУМА 19.90\nБЕЗГОТІВКОВА 19.90\nЕКВАЙР ПРИВАТ 19.90\nКОМІСІЯ БАНКУ 0.00\nТЕРМІНАЛ S1 15.00"
    )
    assert [str(line.sum) for line in parsed.lines] == ["19.90"]


def test_a_table_of_taxes_below_the_total_is_no_thing_bought_either() -> None:
    parsed = read_once("GOUDA 2Z,BZ\nSUMME EUR 22,82\nSteuer Netto Steuer Brutto\nB= 7,0% 21,33 1,49 22,82")
    assert parsed.lines == ()
    assert "lines" not in parsed.proofs


def test_a_total_without_its_sum_ends_what_was_bought_too() -> None:
    parsed = read_once("KAFFEE\nSUMME EUR\nGeg. BAR EUR\nB= 7,05 122,44 8,57\nGesamtbetrag 122,44 8,57")
    assert parsed.lines == ()


def test_a_digit_misread_by_one_look_is_mended_by_the_other() -> None:
    one = "ХЛІБ БІЛИЙ 19.90\nСИР ГАУДА 57.24\nСУМА 71.14"
    other = "ХЛІБ БІЛИЙ 79.90\nСИР ГАУДА 51.24\nСУМА 71.14"
    parsed = read_twice(one, other)
    assert [str(line.sum) for line in parsed.lines] == ["19.90", "51.24"]
    assert "lines" in parsed.proofs


def test_a_sum_that_its_price_contradicts_is_mended_where_that_makes_the_total() -> None:
    parsed = read_once("3 X 10.44\nПРИПРАВА 37.32\nХЛІБ 20.00\nСУМА 51.32")
    assert [str(line.sum) for line in parsed.lines] == ["31.32", "20.00"]


def test_a_line_that_one_look_lost_comes_from_the_other() -> None:
    parsed = read_twice("ХЛІБ 20.00\nСУМА 51.32", "ХЛІБ 20.00\nПРИПРАВА 31.32\nСУМА 51.32")
    assert [str(line.sum) for line in parsed.lines] == ["20.00", "31.32"]


def test_nothing_costs_more_than_all() -> None:
    parsed = read_once("ХЛІБ 20.00\nСИР 930.00\nСУМА 50.00")
    assert [str(line.sum) for line in parsed.lines] == ["20.00"]


@pytest.mark.parametrize(
    "off",
    ["ЗНИЖКА 5% -2,55", "Знижка: 2.55", "СКИДКА =2.55", "RABATT -2,55", "LEERGUT -2,55 A *", "Повернута тара -2.55"],
)
def test_what_was_bought_less_discounts_is_the_total(off: str) -> None:
    parsed = read_once(f"ХЛІБ БІЛИЙ 38.50\nСИР ГАУДА 50.94\n{off}\nСУМА 86.89")
    assert [str(line.sum) for line in parsed.lines] == ["38.50", "50.94"]
    assert "lines" in parsed.proofs


def test_lines_that_make_a_subtotal_are_sure_but_prove_no_total() -> None:
    parsed = read_once("NASI LEMAK 8.50\nROTI CANAI 4.50\nSub Total 13.00\nService Charge 10% 1.30\nTOTAL RM 14.30")
    assert [line.confidence for line in parsed.lines] == [95, 95]
    assert parsed.total == Decimal("14.30")
    assert "lines" not in parsed.proofs


def test_confidence_is_by_arithmetic() -> None:
    alone = read_once("ХЛІБ 20.00\nСИР 31.00\nСУМА 55.00").lines[0].confidence
    multiplied = read_once("2 X 10.00\nХЛІБ 20.00\nСИР 31.00\nСУМА 55.00").lines[0].confidence
    added_up = read_once("ХЛІБ 20.00\nСИР 31.00\nСУМА 51.00").lines[0].confidence
    assert alone < multiplied < added_up
