"""The total: named, repeated, and right by arithmetic."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from services.receipts.ocr.parse import labels
from services.receipts.ocr.parse.amounts import Amount, amounts, loose
from services.receipts.ocr.parse.taxes import gross_of_table
from services.receipts.ocr.parse.text import fold, letters, says

CENT, NICKEL, TENTH = Decimal("0.01"), Decimal("0.05"), Decimal("0.10")
INDEPENDENT = frozenset({"lines", "change", "taxes", "card"})  # no misread digit passes two of them
ROUNDED = tuple(word for word in labels.ROUNDING if len(word) >= 8)  # shorter ones are near to other words
TAX_ROWS = 3
LEAST_PAID = 2.5  # weight of what is named as handed over
OF_ANOTHER = 7.0  # weight lost by the net sum and the tax which together make a total
LIKE_ZERO = str.maketrans("689", "000")
PAYABLE = 9.0  # weight of what is named as to be paid
LOST_POINT = 2.0  # weight of a sum whose point is not printed: only arithmetic makes it the total
ROUNDING = Decimal("0.50")  # no till rounds by more
TAXES = tuple(Decimal(percent) / 100 for percent in (20, 19, 18, 16, 10, 8, 7, 6, 5))
LEAST_TAX, MOST_TAX = Decimal("0.02"), Decimal("0.21")  # of what is paid


@dataclass(slots=True)
class Totals:
    """Weights of all sums that may be the total, and why."""

    weights: dict[Decimal, float] = field(default_factory=lambda: defaultdict(float))
    proofs: dict[Decimal, set[str]] = field(default_factory=lambda: defaultdict(set))
    payable: set[Decimal] = field(default_factory=set)  # what is named as to be paid
    counted: set[Decimal] = field(default_factory=set)  # what cash and change come to
    is_rounded: bool = False  # a line of rounding is printed

    def add(self, value: Decimal, weight: float, proof: str | None = None) -> None:
        if value <= 0:
            return
        self.weights[value] += weight
        if proof:
            self.proofs[value].add(proof)

    def best(self) -> tuple[Decimal | None, float]:
        """The likeliest, and by how much more than the next."""
        order = sorted(self.weights.items(), key=lambda one: (-one[1], -one[0]))
        if not order:
            return None, 0.0
        return order[0][0], order[0][1] - (order[1][1] if len(order) > 1 else 0.0)


@dataclass(slots=True)
class _Sums:
    named: dict[Decimal, float] = field(default_factory=dict)
    cash: list[Decimal] = field(default_factory=list)
    change: list[Decimal] = field(default_factory=list)
    rounding: list[Decimal] = field(default_factory=list)
    card: list[Decimal] = field(default_factory=list)
    taxes: set[Decimal] = field(default_factory=set)
    is_rounded: bool = False

    def name(self, value: Decimal, weight: float) -> None:
        self.named[value] = max(self.named.get(value, 0.0), weight)


def find_totals(lines: Sequence[str], bought: Sequence[Decimal], off: Decimal = Decimal(0)) -> Totals:
    """`bought` are the sums of the lines of goods, `off` is what discounts take from them."""
    sums, printed = _sorted(lines)
    totals = Totals(is_rounded=sums.is_rounded)
    totals.payable = {value for value, weight in sums.named.items() if weight >= PAYABLE}
    totals.counted = {cash - change for cash in sums.cash for change in sums.change if cash > change > 0}
    for value, weight in sums.named.items():
        totals.add(value, weight)
    _by_repetition(totals, printed)
    _by_payment(totals, sums, printed)
    _by_rounding(totals, sums)
    _by_lines(totals, sums, bought, printed)
    if off:
        _by_lines(totals, sums, [*bought, -off], printed)
    _by_taxes(totals, sums, printed)
    _by_table(totals, lines, printed)
    for value, proofs in list(totals.proofs.items()):
        totals.add(value, 2.0 if len(proofs & INDEPENDENT) > 1 else 0.0)
    _prefer_rounded(totals, sums)
    if not totals.weights and printed:
        totals.add(max(printed, key=lambda value: (printed[value], value)), 0.5)
    return totals


def named(lines: Sequence[str]) -> list[Decimal]:
    """All sums that words of a total or of money handed over stand by: nothing bought costs more."""
    sums, _ = _sorted(lines)
    return [*sums.named, *sums.cash, *sums.card]


def _sorted(lines: Sequence[str]) -> tuple[_Sums, Counter[Decimal]]:
    sums, printed = _Sums(), Counter[Decimal]()
    taxed = 0  # rows that a heading of taxes still covers
    for number, line in enumerate(lines):
        found = amounts(line)
        printed.update({amount.value for amount in found})
        is_tax = says(fold(line), labels.TAX)
        if (is_tax or taxed or "%" in line) and found:
            sums.taxes |= {amount.value for amount in found}
        taxed = TAX_ROWS if is_tax else max(0, taxed - 1)
        _sort(sums, lines, number, found)
    return sums, printed


def _sort(sums: _Sums, lines: Sequence[str], number: int, found: list[Amount]) -> None:
    folded = fold(lines[number])
    if not folded:
        return
    payable, total = says(folded, labels.PAYABLE), says(folded, labels.TOTAL)
    if says(folded, ROUNDED) and re.search(r"[1-9]", lines[number]):
        sums.is_rounded = sums.is_rounded or not found or found[-1].value != 0
    if found and says(folded, labels.ROUNDING) and not total and not (payable and "ADJ" not in folded):
        sums.rounding.append(-found[-1].value if found[-1].is_minus else found[-1].value)
        return
    if says(folded, labels.CHANGE) and not total:
        sums.change += [found[-1].value] if found else []
        return
    place = number / max(1, len(lines))
    if payable or total:
        weight = PAYABLE if payable else 7.0
        rest = _without(folded, payable=payable)
        weight -= 4.0 if says(rest, labels.OTHER) else 0.0
        if found and "%" in lines[number] and not payable:
            weight -= 2.0  # a row of taxes
        if _is_net_and_tax(found):
            weight -= 5.0
        for value in _values(lines, number, found):
            sums.name(value, weight + place)
            weight -= 3.0  # of several the likeliest comes first
        if not found:
            for value in loose(lines[number]):
                sums.name(value, LOST_POINT)
        return
    if says(folded, labels.CARD) and found:
        sums.card.append(found[-1].value)
        sums.name(found[-1].value, 4.0 + place)
    elif says(folded, labels.CASH) and found:
        sums.cash.append(found[-1].value)
        sums.name(found[-1].value, 2.5 + place)


def _is_net_and_tax(found: list[Amount]) -> bool:
    """The last row of a table of taxes: a sum and its tax, and not what they make together."""
    values = [amount.value for amount in found]
    return len(values) == 2 and any(abs(values[0] * rate - values[1]) <= CENT for rate in TAXES)


def _without(folded: str, *, payable: bool) -> str:
    """The rest of a line once its label is taken away: "net total" is not "net"."""
    for word in sorted(labels.PAYABLE if payable else labels.TOTAL, key=len, reverse=True):
        if f" {word} " in f" {folded} ":
            return f" {folded} ".replace(f" {word} ", " ").strip()
    return folded


def _values(lines: Sequence[str], number: int, found: list[Amount]) -> list[Decimal]:
    """Of the line itself, the last one first; or of a line below that has sums alone."""
    if found:
        return [amount.value for amount in reversed(found)]
    for below in lines[number + 1 : number + 3]:
        if here := amounts(below):
            return [here[-1].value] if letters(below) < 6 else []
        if letters(below) > 4:
            return []
    return []


def _by_repetition(totals: Totals, printed: Counter[Decimal]) -> None:
    for value in list(totals.weights):
        if printed[value] >= 2:
            totals.add(value, min(printed[value] - 1, 3) * 1.0, "repeated")


def _by_payment(totals: Totals, sums: _Sums, printed: Counter[Decimal]) -> None:
    """Cash less change is the total, whatever the total itself looks like."""
    for value in totals.counted:
        is_seen = value in totals.weights or printed[value] > 0
        totals.add(value, 5.0 if is_seen else 4.0, "change" if is_seen else None)
    for value in set(sums.card):
        if value in totals.weights and totals.weights[value] >= 8:
            totals.add(value, 1.0, "card")
    is_exact = 0 in sums.change or not sums.change
    for value in [one for one in set(sums.cash) if is_exact and totals.weights.get(one, 0) >= 8]:
        totals.add(value, 1.0, "card")


def _by_rounding(totals: Totals, sums: _Sums) -> None:
    """Of two sums that differ by the rounding the rounded one is paid."""
    for step in sums.rounding:
        if not 0 < abs(step) <= ROUNDING:
            continue
        for value in [value for value, weight in totals.weights.items() if weight >= 6]:
            for rounded in (value + step, value - step):
                if rounded in totals.weights and rounded % NICKEL == 0 and value % NICKEL != 0:
                    totals.add(rounded, 3.0, "rounding")
    for value in [value for value, weight in totals.weights.items() if weight >= 6]:
        for other in [other for other in totals.weights if other != value and abs(other - value) <= NICKEL]:
            if value % NICKEL == 0 and other % NICKEL != 0 and sums.rounding:
                totals.add(value, 1.5)


def _prefer_rounded(totals: Totals, sums: _Sums) -> None:
    """What was paid, if the likeliest total is what it was rounded from: by its name, or by cash and change."""
    best, _ = totals.best()
    if best is None:
        return
    counted = totals.counted | (set(sums.cash) if sums.rounding else set())
    for value in totals.payable | counted:
        is_rounder = any(value % step == 0 and best % step != 0 for step in (NICKEL, TENTH))
        if is_rounder and abs(value - best) <= NICKEL:
            totals.add(value, max(0.0, totals.weights[best] - totals.weights[value]) + 2.0)
            totals.proofs[value] |= totals.proofs[best] & {"lines", "taxes"}
            if value in counted:
                totals.proofs[value].add("change")


def _by_lines(totals: Totals, sums: _Sums, bought: Sequence[Decimal], printed: Counter[Decimal]) -> None:
    if not bought:
        return
    whole = sum(bought, Decimal(0))
    if whole in totals.weights:
        totals.add(whole, 3.0 if len(bought) > 1 else 1.0, "lines")
    elif printed[whole]:
        totals.add(whole, 3.0, "lines")
    elif len(bought) > 1 and whole > 0:
        like = [weight for value, weight in sums.named.items() if weight >= 6 and alike(whole, value)]
        totals.add(whole, max(like, default=-1.0) + 1.0)  # likelier than what is printed, and proved by nothing
    for value in [value for value, weight in totals.weights.items() if weight >= 6 and value % NICKEL == 0]:
        apart = abs(value - whole)
        is_rounding = apart in {abs(step) for step in sums.rounding} and apart <= ROUNDING
        if is_rounding or (0 < apart <= NICKEL and printed[whole]):
            totals.add(value, 3.0, "lines")  # what was bought, rounded


def alike(one: Decimal, printed: Decimal) -> bool:
    """Whether the one may have been read as the other: zeros as 6, 8 or 9, or a sign before it as a digit."""
    short, long = str(one), str(printed)
    return short.translate(LIKE_ZERO) == long.translate(LIKE_ZERO) or long[1:] == short


def _by_taxes(totals: Totals, sums: _Sums, printed: Counter[Decimal]) -> None:
    """Net and tax, both printed, make the total; or the tax is the rate's share of it."""
    for value in [value for value, weight in totals.weights.items() if weight >= LEAST_PAID]:
        parts = [
            tax
            for tax in sums.taxes
            if value * LEAST_TAX < tax < value * MOST_TAX and printed[value - tax] and tax not in sums.change
        ]
        shares = [
            rate
            for rate in TAXES
            if (share := value * rate / (1 + rate)) > CENT * 10 and share.quantize(CENT, ROUND_HALF_UP) in sums.taxes
        ]
        if parts or shares:
            totals.add(value, 2.0, "taxes")
        for tax in parts:
            for part in {tax, value - tax} & totals.weights.keys():
                totals.weights[part] -= OF_ANOTHER


def _by_table(totals: Totals, lines: Sequence[str], printed: Counter[Decimal]) -> None:
    """The rows of the table of taxes, which prove themselves, come to the total. A row may be lost, so what is named
    nowhere counts only where two rows were read, and is no proof."""
    whole, rows = gross_of_table(lines)
    if whole is None:
        return
    if totals.weights.get(whole, 0.0) >= LEAST_PAID or printed[whole] > 1:
        totals.add(whole, 4.0, "taxes")
    elif rows > 1:
        totals.add(whole, 6.0)
