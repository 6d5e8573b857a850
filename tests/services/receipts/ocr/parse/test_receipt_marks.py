"""Who sold it, in what money, and whether it is a fiscal receipt of a sale at all."""

from __future__ import annotations

import pytest

from tests.printed_receipts import LAYOUTS, make, printed
from tests.services.receipts.ocr.parse.looked import read_once

NOT_FISCAL = [
    "НЕФІСКАЛЬНИЙ ЧЕК",
    "Чек не є фіскальним",
    "НЕ ФІСКАЛЬНИЙ",
    "Не является фискальным документом",
    "ПРЕЧЕК",
    "Передчек №12",
    "ПРЕДЧЕК",
    "Гостевой счёт",
    "ГОСТЬОВИЙ РАХУНОК",
    "Попередній рахунок",
    "Службовий чек",
    "ZWISCHENRECHNUNG",
]
REFUND = [
    "ПОВЕРНЕННЯ",
    "П0ВЕРНЕННЯ",
    "ОПЕРАЦИЯ: ВОЗВРАТ ПРИХОДА",
    "ПОВЕРНЕННЯ 150.00",
    "Чек повернення",
    "ВИДАТКОВИЙ ЧЕК",
    "ВОЗВРАТ ПРИХОДА",
    "GUTSCHRIFT",
    "REFUND",
    "CREDIT NOTE",
]
SALE = [
    "Товар поверненню та обміну підлягає протягом 14 днів за наявності чека",
    "Возврат и обмен товара в течение 14 дней при наличии чека",
    "Goods sold are not refundable after seven days without receipt",
    "Umtausch innerhalb 10 Tagen nur mit Kassenbon",
    "NO REFUND",
    "REFUND POLICY",
    "Повернення 14 днів",
    "Возврат без чека невозможен",
    "STORNO BROT -1,99",  # one thing was taken back before paying
]
COUNTRY = {"ua": ("UA", "UAH"), "ua_soft": ("UA", "UAH"), "ru": ("RU", "RUB"), "de": ("DE", "EUR"), "my": ("MY", "MYR")}


def with_line(line: str, *, layout: str = "ua") -> str:
    lines = printed(make(layout, 1))
    return "\n".join([*lines[:3], line, *lines[3:]])


@pytest.mark.parametrize("line", NOT_FISCAL)
def test_what_says_that_it_is_not_fiscal(line: str) -> None:
    assert read_once(with_line(line)).not_fiscal


@pytest.mark.parametrize("line", REFUND)
def test_what_says_that_it_is_a_refund(line: str) -> None:
    parsed = read_once(with_line(line))
    assert parsed.is_refund
    assert not parsed.not_fiscal


@pytest.mark.parametrize("line", SALE)
def test_conditions_of_returning_are_no_refund(line: str) -> None:
    parsed = read_once(with_line(line))
    assert not parsed.is_refund
    assert not parsed.not_fiscal


@pytest.mark.parametrize("layout", LAYOUTS)
def test_receipts_of_tills_are_fiscal_sales(layout: str) -> None:
    parsed = read_once("\n".join(printed(make(layout, 3))))
    assert parsed.is_fiscal
    assert not parsed.not_fiscal
    assert not parsed.is_refund


def test_a_list_of_prices_has_no_marks() -> None:
    assert not read_once("НАШЕ МЕНЮ\nБорщ 120.00\nВареники 95.00\nВсього 215.00").is_fiscal


@pytest.mark.parametrize("layout", LAYOUTS)
def test_shop_country_and_numbers(layout: str) -> None:
    truth = make(layout, 2)
    parsed = read_once("\n".join(printed(truth)))
    assert (parsed.country, parsed.currency) == COUNTRY[layout]
    assert (parsed.merchant or "").replace('"', "") == truth.merchant.replace('"', "")
    assert parsed.document_number == truth.document
    assert parsed.fiscal_number == (truth.register or None)
    assert parsed.tax_id == truth.tax_id


@pytest.mark.parametrize(
    ("line", "tax_id"),
    [
        ("ПН 407201926538", "407201926538"),
        ("ІПН 407201926538", "407201926538"),
        ("ІД: 3012345678", "3012345678"),
        ("ЄДРПОУ 40720192", "40720192"),
        ("ИНН: 7701234567", "7701234567"),
        ("ИНН 770123456789", "770123456789"),
        ("GST ID : 001694261248", "001694261248"),
        ("(GST REG.NO: 000465809408)", "000465809408"),
        ("GST Reg No. OO1694261248", "001694261248"),
        ("UID Nr.: DE812706034", "812706034"),
        ("USt-IdNr. DE 812706034", "812706034"),
        ("Steuer-Nr.: 215/5940/2539", "215/5940/2539"),
        ("ФН 4000138375", None),
        ("тел. 0501234567", None),
    ],
)
def test_tax_ids(line: str, tax_id: str | None) -> None:
    assert read_once(line).tax_id == tax_id


@pytest.mark.parametrize(
    ("head", "merchant"),
    [
        (("* * *", 'ТОВ "СМАК-2"', "магазин"), 'ТОВ "СМАК-2'),
        (("вул. Зелена, 12", "ФОП Коваленко І.П."), "ФОП Коваленко І.П"),
        (("TAX INVOICE", "KEDAI MAKMUR SDN BHD"), "KEDAI MAKMUR SDN BHD"),
        (("Frischemarkt Lange", "Hauptstraße 7"), "Frischemarkt Lange"),
    ],
)
def test_merchants(head: tuple[str, ...], merchant: str) -> None:
    assert read_once("\n".join(head)).merchant == merchant


@pytest.mark.parametrize("form", ["ТзОВ", "TsOB", "TOB", "ТОВ", "T3OB", "ТЗОВ"])
def test_a_companys_form_as_engines_read_it(form: str) -> None:
    parsed = read_once(f'МАГАЗИН\n{form} ТВК "Львівхолод"\nУКРАЇНА, ЛЬВІВ\nСУМА 1.00')
    assert parsed.merchant == f'{form} ТВК "Львівхолод'
