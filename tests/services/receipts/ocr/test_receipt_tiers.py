"""Trust by evidence: what makes a tier, and that less evidence never makes more trust."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.receipts.facts import DOUBTS, FiscalCode, Reading, ReadLine
from services.receipts.ocr.base import Look, PictureFacts
from services.receipts.ocr.parse import Parsed, parse
from services.receipts.ocr.tiers import weigh
from tests.printed_receipts import LAYOUTS, make, printed
from tests.services.receipts.ocr.parse.looked import PICTURE, TODAY, look

TRUTH = make("ua", 4)
LINES = printed(TRUTH)
BY_CARD = next(one for one in (make("ru", seed) for seed in range(20)) if not one.is_cash and len(one.bought) > 1)
PAID_BY_CARD = printed(BY_CARD)
ORDER = "DCBA"
CODE = FiscalCode(
    "ua:4000138375:1:2021-11-18", "UA", TRUTH.register, TRUTH.document, TRUTH.total, TRUTH.date, time(14, 22)
)


def looks(*texts: list[str]) -> list[Look]:
    return [look(*lines, name=str(number)) for number, lines in enumerate(texts)]


def weighed(
    *texts: list[str], code: FiscalCode | None = None, picture: PictureFacts = PICTURE, today: date = TODAY
) -> Reading:
    seen = looks(*texts)
    return weigh(parse(seen, today), code, picture, seen, today)


def without(*parts: str) -> list[str]:
    return [line for line in LINES if not any(part in line for part in parts)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_c_is_arithmetic_and_a_second_look(layout: str) -> None:
    lines = printed(make(layout, 4))
    assert (weighed(lines, lines).tier, weighed(lines, lines).reasons) == ("C", ())
    assert weighed(lines).tier == "D"


def test_what_was_rounded_from_is_not_what_was_paid() -> None:
    """Two looks agree on the sum before rounding, which the lines and the tax confirm; one of them lost what was to be
    paid."""
    spoilt = [line.replace(str(TRUTH.total), "999.99") for line in LINES]
    assert str(TRUTH.total) in " ".join(LINES)
    assert TRUTH.total != TRUTH.whole
    reading = weighed(LINES, spoilt)
    assert reading.total == TRUTH.total


def test_b_is_a_code_whose_total_is_printed() -> None:
    reading = weighed(LINES, code=CODE)
    assert (reading.tier, reading.reasons, reading.source) == ("B", (), "both")
    assert (reading.total, reading.date, reading.fiscal_key) == (CODE.total, CODE.date, CODE.key)
    assert reading.confidence["total"] == 100


def test_a_code_alone_is_no_evidence_of_itself() -> None:
    assert weighed(code=CODE).tier == "D"
    assert weighed(["ДЯКУЄМО ЗА ПОКУПКУ, ПРИХОДЬТЕ ЩЕ РАЗ ДО НАШОГО МАГАЗИНУ"], code=CODE).tier == "D"


def test_a_code_of_another_receipt() -> None:
    other = replace(CODE, total=TRUTH.total + Decimal("100.00"))
    reading = weighed(LINES, LINES, code=other)
    assert reading.tier == "D"
    assert "amount_mismatch" in reading.reasons


def test_a_code_of_another_day() -> None:
    reading = weighed(LINES, LINES, code=replace(CODE, date=date(2019, 1, 1)))
    assert reading.tier == "D"
    assert "date_mismatch" in reading.reasons


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (replace(PICTURE, screenshot=True), "screenshot"),
        (replace(PICTURE, edited=True), "edited"),
        (replace(PICTURE, several=True), "several_receipts"),
    ],
)
@pytest.mark.parametrize("code", [None, CODE])
def test_pictures_that_a_person_must_see(picture: PictureFacts, reason: str, code: FiscalCode | None) -> None:
    reading = weighed(LINES, LINES, code=code, picture=picture)
    assert reading.tier == "D"
    assert reason in reading.reasons


@pytest.mark.parametrize("kind", ["refund", "purchase", "purchase_refund", "unknown"])
def test_a_code_of_no_sale(kind: str) -> None:
    reading = weighed(LINES, LINES, code=replace(CODE, kind=kind))
    assert reading.tier == "D"
    assert "refund" in reading.reasons


@pytest.mark.parametrize("code", [None, CODE])
def test_a_bill_that_says_it_is_not_fiscal(code: FiscalCode | None) -> None:
    bill = ["НЕФІСКАЛЬНИЙ ЧЕК", *LINES]
    reading = weighed(bill, bill, code=code)
    assert reading.tier == "D"
    assert "not_fiscal" in reading.reasons


def test_a_refund() -> None:
    lines = [*LINES[:3], "ПОВЕРНЕННЯ", *LINES[3:]]
    reading = weighed(lines, lines)
    assert (reading.tier, reading.reasons) == ("D", ("refund",))


def test_a_bill_without_the_marks_of_a_till() -> None:
    lines = without("ПН ", "ФН", "ФІСКАЛЬНИЙ", "ЧЕК")
    reading = weighed(lines, lines)
    assert (reading.tier, reading.reasons) == ("D", ("not_fiscal",))


def test_a_picture_of_something_else_and_a_receipt_that_cannot_be_read() -> None:
    """The first is refused for good; the second a person may look at."""
    cat = ["НАШ КІТ МУРЧИК ЛЮБИТЬ СПАТИ НА ТЕПЛІЙ БАТАРЕЇ ЗИМОЮ"]
    blur = ["ТОВ КУТОЧОК", "ХЛІ6 !9,9O А", "СУМА: ~~.~~", "ГОТІВКА ..", "ФІСКАЛЬНИЙ ЧЕК"]
    assert "not_receipt" in weighed(cat, cat).reasons
    assert weighed(blur, blur).tier == "D"
    assert "not_receipt" not in weighed(blur, blur).reasons


def test_a_table_of_taxes_is_no_receipt_of_its_own() -> None:
    """All that is left of the right column is net and tax: they confirm each other, and no total."""
    lines = [
        "KEDAI MAKMUR SDN BHD", "TAX INVOICE", "Date : 06/02/2025 05:45:00 PM", "DESC QTY U.PRICE AMOUNT (RM)",
        "NOODLE SOUP", "Total (Excluding GST)", "GST @6% :", "TOTAL PAYABLE (RM)", "VISA CARD", "SR 6% 225.28 13.52",
        "Total 225.28 13.52",
    ]  # fmt: skip
    reading = weighed(lines, lines)
    assert reading.tier == "D"
    assert reading.lines == ()


LESS: dict[str, Callable[[], tuple[list[str], ...]]] = {
    "no date": lambda: (without("14:", "20"), without("14:", "20")),
    "a date by one look": lambda: (LINES, without(f"{TRUTH.date:%d.%m.%Y}")),
    "dates differ": lambda: (LINES, [line.replace(f"{TRUTH.date:%d.%m.%Y}", "01.02.2018") for line in LINES]),
    "dates differ, two to one": lambda: (
        LINES,
        LINES,
        [line.replace(f"{TRUTH.date:%d.%m.%Y}", "01.02.2018") for line in LINES],
    ),
    "totals differ": lambda: (PAID_BY_CARD, [line.replace(str(BY_CARD.total), "999.99") for line in PAID_BY_CARD]),
    "nothing adds up": lambda: (
        (lines := [*LINES[:5], "ХЛІБ 1.11", "СИР 2.22", f"ДО СПЛАТИ {TRUTH.total}", *LINES[-4:]]),
        lines,
    ),
    "nothing at all": lambda: ([], []),
}


@pytest.mark.parametrize("less", LESS.values(), ids=LESS)
def test_less_is_never_paid_without_a_person(less: Callable[[], tuple[list[str], ...]]) -> None:
    reading = weighed(*less())
    assert reading.tier == "D"
    assert set(reading.reasons) <= DOUBTS
    assert reading.reasons


def test_one_proof_is_not_enough() -> None:
    seen = looks(LINES, LINES)
    whole = parse(seen, TODAY)
    tiers = [
        weigh(replace(whole, proofs=frozenset(proofs)), None, PICTURE, seen, TODAY).tier
        for proofs in (("lines", "taxes"), ("lines", "repeated"), ("lines",), ("repeated",), ())
    ]
    assert tiers == ["C", "C", "D", "D", "D"]


@pytest.mark.parametrize(("count", "short_of", "tier"), [(4, "0.00", "C"), (4, "0.01", "D"), (3, "0.00", "D")])
def test_several_lines_that_add_up_are_proof_enough(count: int, short_of: str, tier: str) -> None:
    seen = looks(LINES, LINES)
    whole = parse(seen, TODAY)
    assert whole.total
    part = ReadLine("ХЛІБ", Decimal(1), Decimal(1), Decimal(1), 90)
    rest = whole.total - (count - 1) - Decimal(short_of)
    lines = (*[part] * (count - 1), replace(part, sum=rest, price=rest))
    parsed = replace(whole, lines=lines, proofs=frozenset({"lines"}))
    assert weigh(parsed, None, PICTURE, seen, TODAY).tier == tier


def parsed_things() -> st.SearchStrategy[Parsed]:
    whole = parse(looks(LINES, LINES), TODAY)
    return st.builds(
        lambda **less: replace(whole, **less),
        total=st.sampled_from([whole.total, None, Decimal("1.00")]),
        date=st.sampled_from([whole.date, None, date(2030, 1, 1)]),
        proofs=st.frozensets(st.sampled_from(["lines", "change", "repeated", "taxes", "card", "rounding"])),
        looks=st.integers(0, 4),
        date_looks=st.integers(0, 4),
        date_against=st.integers(0, 2),
        date_repeated=st.booleans(),
        is_fiscal=st.booleans(),
        not_fiscal=st.booleans(),
        is_refund=st.booleans(),
        currency=st.sampled_from(["UAH", None]),
        total_margin=st.sampled_from([0.0, 1.9, 2.0, 9.0]),
    )


def codes() -> st.SearchStrategy[FiscalCode | None]:
    return st.sampled_from(
        [None, CODE, replace(CODE, total=None), replace(CODE, kind="refund"), replace(CODE, date=None)]
    )


def pictures() -> st.SearchStrategy[PictureFacts]:
    some = st.booleans()
    return st.builds(lambda a, b, c: replace(PICTURE, edited=a, screenshot=b, several=c), some, some, some)


@settings(max_examples=100, deadline=None)
@given(parsed_things(), codes(), pictures())
def test_what_may_be_paid_without_a_person(parsed: Parsed, code: FiscalCode | None, picture: PictureFacts) -> None:
    seen = looks(LINES, LINES)
    reading = weigh(parsed, code, picture, seen, TODAY)
    assert (reading.tier == "D") == bool(reading.reasons)
    assert set(reading.reasons) <= DOUBTS
    assert all(0 <= value <= 100 for value in reading.confidence.values())
    if reading.tier == "D":
        return
    assert reading.total is not None
    assert reading.date is not None
    assert reading.date <= TODAY
    assert not any((picture.edited, picture.screenshot, picture.several, parsed.not_fiscal))
    if reading.tier == "B":
        assert code is not None
        assert code.kind == "sale"
        assert code.total in parsed.amounts
    else:
        assert parsed.is_fiscal
        assert not parsed.is_refund
        assert parsed.looks >= 2
        assert parsed.date_looks >= 2 or parsed.date_repeated
        adds_up = len(parsed.lines) >= 4 and sum(line.sum for line in parsed.lines) == parsed.total
        assert len(parsed.proofs) >= 2 or adds_up


@settings(max_examples=100, deadline=None)
@given(
    parsed_things(),
    codes(),
    st.sampled_from(["looks", "date_looks", "date_repeated", "proofs", "total", "date", "is_fiscal"]),
)
def test_taking_evidence_away_never_raises_the_tier(parsed: Parsed, code: FiscalCode | None, taken: str) -> None:
    seen = looks(LINES, LINES)
    if taken in ("date", "date_looks") and code is not None:
        return  # the surer the print is, the more it weighs against a code of another day
    nothing = {
        "looks": 0,
        "date_looks": 0,
        "date_repeated": False,
        "proofs": frozenset(),
        "total": None,
        "date": None,
        "is_fiscal": False,
    }
    more = weigh(parsed, code, PICTURE, seen, TODAY)
    less = weigh(replace(parsed, **{taken: nothing[taken]}), code, PICTURE, seen, TODAY)
    assert ORDER.index(less.tier) <= ORDER.index(more.tier)
    assert less.confidence["total"] <= more.confidence["total"]
