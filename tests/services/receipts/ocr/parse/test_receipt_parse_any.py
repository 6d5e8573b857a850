"""Whatever is printed: the parser answers, and what it says is printed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.receipts.ocr.parse import parse
from tests.printed_receipts import LAYOUTS, Bought, Truth, make, printed
from tests.services.receipts.ocr.parse.looked import TODAY, look

WORDS = st.sampled_from(
    ["СУМА", "ИТОГ", "TOTAL", "ГОТІВКА", "РЕШТА", "ROUNDING", "ПДВ 20%", "ХЛІБ", "x", "2 x", "=", "-", "ФН", "18.11."]
)
NUMBERS = st.sampled_from(
    ["12.50", "0.02", "1 234,50", "2384", "999999.99", "0.00", "18.11.2021", "2.000", "10:15", "OO"]
)
LINES = st.lists(st.one_of(WORDS, NUMBERS, st.text(max_size=8)), max_size=5).map(" ".join)
TEXTS = st.lists(LINES, max_size=10)


@settings(max_examples=30, deadline=None)
@given(st.lists(TEXTS, max_size=3))
def test_any_text_is_answered(texts: list[list[str]]) -> None:
    parsed = parse([look(*lines) for lines in texts], TODAY)
    assert parsed.total is None or parsed.total > 0
    assert parsed.date is None or parsed.date <= TODAY + timedelta(days=1)
    assert parsed.looks <= len(texts)
    assert parsed.date_looks <= len(texts)
    for line in parsed.lines:
        assert line.sum > 0
        assert line.quantity > 0
        assert 0 <= line.confidence <= 100


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_a_total_is_printed_or_the_difference_of_what_is(lines: list[str]) -> None:
    parsed = parse([look(*lines)], TODAY)
    if parsed.total is None:
        return
    digits = "".join(char for line in lines for char in line if char.isdigit() or char in "OОoоlI|іІSБBЗз")
    printed_here = parsed.total in parsed.amounts
    differs = any(one - other == parsed.total for one in parsed.amounts for other in parsed.amounts)
    lost_point = len(str(parsed.total).replace(".", "")) <= len(digits)
    assert printed_here or differs or lost_point


def truths() -> st.SearchStrategy[Truth]:
    return st.builds(make, st.sampled_from(sorted(LAYOUTS)), st.integers(0, 10_000))


@settings(max_examples=40, deadline=None)
@given(truths())
def test_what_a_till_prints_is_what_is_read(truth: Truth) -> None:
    parsed = parse([look(*printed(truth))], TODAY)
    assert parsed.total == truth.total
    assert (parsed.date, parsed.time and parsed.time.replace(second=0)) == (truth.date, truth.time)
    assert [(line.quantity, line.sum) for line in parsed.lines] == [(one.quantity, one.sum) for one in truth.bought]
    assert "lines" in parsed.proofs


@settings(max_examples=30, deadline=None)
@given(truths(), st.sampled_from([Decimal("0.99"), Decimal("7.00"), Decimal("100.00")]))
def test_a_till_that_cannot_count_is_not_believed(truth: Truth, more: Decimal) -> None:
    """A thing is printed dearer than it was counted: the lines no longer confirm the total."""
    first = truth.bought[0]
    dearer = replace(truth, bought=(Bought(first.name, Decimal(1), first.sum + more), *truth.bought[1:]))
    goods, rest = printed(dearer), printed(truth)
    start = next(number for number, line in enumerate(rest) if set(line) == {"-"} or line.startswith("Total (Excl"))
    stop = next(number for number, line in enumerate(goods) if set(line) == {"-"} or line.startswith("Total (Excl"))
    parsed = parse([look(*goods[:stop], *rest[start:])], TODAY)
    assert parsed.total == truth.total
    assert "lines" not in parsed.proofs


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_order_of_looks_does_not_matter(layout: str) -> None:
    lines = printed(make(layout, 5))
    spoilt = [line.replace("8", "3").replace("1", "7") for line in lines]
    one, other = look(*lines), look(*spoilt)
    there, back = parse([one, one, other], TODAY), parse([other, one, one], TODAY)
    assert (there.total, there.date) == (back.total, back.date) == (make(layout, 5).total, make(layout, 5).date)


def test_no_looks() -> None:
    parsed = parse((), TODAY)
    assert (parsed.total, parsed.date, parsed.lines, parsed.merchant) == (None, None, (), None)
