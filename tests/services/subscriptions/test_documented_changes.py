"""docs/subscriptions.md promises numbers and transitions: the code gives them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.catalog import Period
from services.platform.money import Money
from services.subscriptions.states import TABLE
from services.subscriptions.timeline import Portion
from services.subscriptions.value import credit, exchange

DOCUMENT = (Path(__file__).parents[3] / "docs" / "subscriptions.md").read_text()
PRICES = {"monthly": Money(29900, "RUB"), "family": Money(59900, "RUB"), "season": Money(79900, "RUB")}
EXAMPLE = re.compile(
    r"\| (?P<begun>[\d-]+), (?P<old>\w+), until (?P<end>[\d-]+) \| (?P<at>[\d-]+) \| (?P<new>\w+) \| (?P<days>\d+) days"
    r" \| (?P<worth>[\d.]+) \| (?P<price>[\d.]+) \| (?P<until>[\d :-]+) \|"
)
EXAMPLES = [match.groupdict() for match in EXAMPLE.finditer(DOCUMENT)]
COLUMNS = ("paid", "given", "changed", "paused", "resumed", "canceled", "kept")


def midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def test_there_are_two_examples_each_way() -> None:
    up = [one for one in EXAMPLES if PRICES[one["new"]].minor > 29900]
    assert len(up) >= 2
    assert len(EXAMPLES) - len(up) >= 2


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one['old']}-{one['new']}-{one['at']}")
def test_the_code_gives_the_numbers_of_the_document(example: dict[str, str]) -> None:
    begun, end, at = (midnight(example[name]) for name in ("begun", "end", "at"))
    left = [Portion("invoice:1", end - begun, end - at, PRICES[example["old"]])]
    assert (end - at).days == int(example["days"])
    assert credit(left, "RUB") == Money.parse(example["worth"], "RUB")
    period = Period(1, "month").length(at)
    found = exchange(left, PRICES[example["new"]], period, source="offer:1", minimum=Money(100, "RUB"))
    assert f"{found.price}" == example["price"]
    assert f"{at + found.left:%Y-%m-%d %H:%M:%S}" == example["until"]


def test_the_table_of_transitions_is_the_codes() -> None:
    rows = re.findall(r"^\| `(\w+)` \|((?:[^|\n]*\|){8})$", DOCUMENT, re.MULTILINE)
    assert {state for state, _ in rows} == {state for state, _ in TABLE}
    for state, cells in rows:
        *does, end = [re.findall(r"`(\w+)`", cell) for cell in cells.split("|")[:8]]
        written = {happens: cell[0] for happens, cell in zip(COLUMNS, does, strict=True) if cell}
        assert written == {what: TABLE[state, what] for what in COLUMNS if (state, what) in TABLE}
        assert set(end) == {TABLE[state, what] for what in ("late", "ended") if (state, what) in TABLE}
