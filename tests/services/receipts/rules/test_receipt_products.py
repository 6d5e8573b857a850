"""Products are found in what a machine reads from paper."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.receipts.facts import Reading, ReadLine
from services.receipts.rules import Product
from services.receipts.rules.fold import Folded, fold
from services.receipts.rules.match import match, minor, score
from tests.services.receipts.rules.made import CITRAMON, VITAMIN, line, reading

SHORT = Product("S1", "Но-шпа", ("Но-шпа", "мезим"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Цитрамон", "ЦИTPAMOH"),  # the second one's capitals are Latin where they can be
        ("ВІТАМІН", "BITAMIH"),
        ("Дарниця", "дарниця"),
        ("З0 табл.", "3O TAБЛ"),
        ("№10", "№ 1O".replace(" ", "")),
        ("PLUS", "P1US"),
        ("йод", "иод"),
        ("Їжа Ёж", "Iжа Еж"),
        ("Цитрамон-Дарниця", "цитрамон  «Дарниця»"),
        ("ﬁn", "fin"),
        ("１２", "12"),
    ],
)
def test_what_looks_alike_is_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Цитрамон", "Цитрамин"), ("кот", "код"), ("ша", "щи")])
def test_what_looks_different_stays_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@settings(max_examples=40)
@given(st.text(max_size=40))
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "text",
    [
        "Цитрамон-Дарниця №10",
        'итрамон "Дарниця',  # read from a photograph
        "патвенонадерниця",  # the same line, read worse
        "ЦИTPAMOH-ДAPHИЦЯ TAБ. N6 А",
        "1. Цитрамон - Дарниця таб 16 А 32,40",
        "DARNITSA CITRAMON",
        "Ц и т р а м о н  Д а р н и ц я",
        "3АТ ДАРНИUЯ",
    ],
)
def test_a_product_is_found_through_noise(text: str) -> None:
    found = match([CITRAMON], reading(lines=(line(text),)), "UAH")
    assert [(one.sku, one.lines) for one in found] == [("D001", (0,))]


@pytest.mark.parametrize("text", ["Аспірин", "Цукор", "Д", "Дарн", "Аналгін 10 шт", 'TOB "Cinbno', "1234567", "", "—"])
def test_nothing_else_is(text: str) -> None:
    assert match([CITRAMON], reading(lines=(line(text),), texts=()), "UAH") == ()


def test_a_scrap_of_an_alias_is_not_the_alias() -> None:
    """Otherwise every "ця" would be all of something."""
    for scrap in ("ця", "А", "Дарни"):
        assert score(Folded.of("Цитрамон-Дарниця"), Folded.of(scrap)) <= 50


@pytest.mark.parametrize(
    ("text", "found"),
    [("НО-ШПА 40мг", True), ("но шпа", True), ("Но-шпак", False), ("Мезим форте", True), ("Мезин", False)],
)
def test_short_aliases_stand_there_as_they_are(text: str, found: bool) -> None:
    assert bool(match([SHORT], reading(lines=(line(text),), texts=()), "UAH")) is found


def test_excluded_words_take_a_line_out_and_no_other() -> None:
    product = Product("D001", "Цитрамон", ("дарниця",), ("дитячий", "гель"))
    lines = (line("Дарниця дитячий сироп"), line("Гель Дарниця"), line("Цитрамон Дарниця"))
    (found,) = match([product], reading(lines=lines), "UAH")
    assert found.lines == (2,)


def test_each_line_counts_for_the_product_it_names_best() -> None:
    brand = Product("B1", "Дарниця", ("дарниця",))
    whole = Product("B2", "Цитрамон-Дарниця", ("Цитрамон-Дарниця",))
    lines = (line("Цитрамон-Дарниця"), line("Аспекард Дарниця"), line("Цитрамон-Дарниця"))
    for products in ([brand, whole], [whole, brand]):
        found = {one.sku: one.lines for one in match(products, reading(lines=lines), "UAH")}
        assert found == {"B1": (1,), "B2": (0, 2)}


def test_sums_and_pieces_of_a_products_lines_are_added_up() -> None:
    lines = (line(cost="32.40"), line("Пакет", "3.00"), line(cost="64.80", quantity="2"))
    (found,) = match([CITRAMON], reading(lines=lines), "UAH")
    assert (found.sum, found.quantity) == (9720, 3)


@pytest.mark.parametrize(
    ("quantity", "price", "cost", "pieces"),
    [
        ("1", "5.00", "5.00", 1),
        ("3", "5.00", "15.00", 3),
        ("3", "5.00", "14.96", 3),  # rounded
        ("7", "5.00", "5.00", None),  # a 1 that was read as a 7
        ("0.543", "100.00", "54.30", 1),
        ("1", "5.00", "-5.00", 0),
        ("1", "5.00", "NaN", None),
        ("1E+999999", "1E+999999", "5.00", None),
    ],
)
def test_pieces_are_what_quantity_price_and_sum_agree_on(
    quantity: str, price: str, cost: str, pieces: int | None
) -> None:
    one = ReadLine("Цитрамон-Дарниця", Decimal(quantity), Decimal(price), Decimal(cost))
    (found,) = match([CITRAMON], reading(lines=(one,)), "UAH")
    assert found.quantity == pieces


def test_where_lines_fail_the_texts_are_looked_through_and_the_sum_is_unknown() -> None:
    texts = ("ТОВ Щось", 'итрамон "Дарниця 32,40', "патвенонадерниця 32,40")
    (found,) = match([CITRAMON, VITAMIN], reading(lines=(line("Пакет"),), texts=texts), "UAH")
    assert (found.sku, found.lines, found.texts, found.sum, found.quantity) == ("D001", (), (1, 2), None, None)


@pytest.mark.parametrize(
    "text",
    [
        "м. Київ, Дарницький р-н, вул. Тростянецька 6",
        "Київ, пр-т Соборності, Дарницький район",
        "ТОВ Дарниця-Фарм",
        "АПТЕКА ДАРНИЦЯ",
        "ул. Дарницкая, дом 3",
        "МЕРЕЖА ДАРНИЦЯ ПЛЮС",  # the merchant of this receipt
    ],
)
def test_addresses_and_sellers_are_no_products(text: str) -> None:
    assert match([CITRAMON], reading(merchant="Мережа Дарниця", lines=(), texts=(text,)), "UAH") == ()


@settings(max_examples=30)
@given(st.permutations(["Цитрамон-Дарниця", "Дарниця", "Вітамін С шипучий", "аскорбінка", "Пакет"]))
def test_the_order_of_lines_changes_nothing_that_is_paid(names: list[str]) -> None:
    lines = tuple(line(name, f"{len(name)}.00") for name in names)
    found = match([CITRAMON, VITAMIN], Reading("B", lines=lines), "UAH")
    assert [(one.sku, one.sum, one.score, one.alias) for one in found] == [
        ("D001", 2300, 100, "Цитрамон-Дарниця"),
        ("V001", 2700, 100, "Вітамін С шипучий"),
    ]


@pytest.mark.parametrize(
    ("amount", "units"),
    [
        ("46.50", 4650),
        ("46.509", 4650),
        ("0", 0),
        ("-1.00", -100),
        ("NaN", None),
        ("Infinity", None),
        ("1E+20", None),
        ("1E-400", 0),
        ("99999999999.99", 9999999999999),
        ("100000000000", None),
    ],
)
def test_sums_that_no_receipt_has_are_unknown(amount: str, units: int | None) -> None:
    assert minor(Decimal(amount), "UAH") == units
