"""The total: named, repeated, and right by arithmetic."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from services.receipts.ocr.parse import labels
from services.receipts.ocr.parse.amounts import Amount, amounts
from services.receipts.ocr.parse.text import fold, letters, says

CENT = Decimal("0.01")
ROUNDING = Decimal("0.50")  # no till rounds by more
TAXES = (Decimal("0.20"), Decimal("0.19"), Decimal("0.10"), Decimal("0.07"), Decimal("0.06"), Decimal("0.14"))


@dataclass(slots=True)
class Totals:
    """Weights of all sums that may be the total, and why."""

    weights: dict[Decimal, float] = field(default_factory=lambda: defaultdict(float))
    proofs: dict[Decimal, set[str]] = field(default_factory=lambda: defaultdict(set))

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

    def name(self, value: Decimal, weight: float) -> None:
        self.named[value] = max(self.named.get(value, 0.0), weight)


def find_totals(lines: Sequence[str], bought: Sequence[Decimal]) -> Totals:
    """`bought` are the sums of the lines of goods."""
    sums, printed = _Sums(), Counter[Decimal]()
    for number, line in enumerate(lines):
        found = amounts(line)
        printed.update({amount.value for amount in found})
        _sort(sums, lines, number, found)
    totals = Totals()
    for value, weight in sums.named.items():
        totals.add(value, weight)
    _by_repetition(totals, printed)
    _by_payment(totals, sums, printed)
    _by_rounding(totals, sums)
    _by_lines(totals, bought, printed)
    _by_taxes(totals, printed)
    if not totals.weights and printed:
        totals.add(max(printed, key=lambda value: (printed[value], value)), 0.5)
    return totals


def _sort(sums: _Sums, lines: Sequence[str], number: int, found: list[Amount]) -> None:
    folded = fold(lines[number])
    if not folded:
        return
    payable, total = says(folded, labels.PAYABLE), says(folded, labels.TOTAL)
    if found and says(folded, labels.ROUNDING) and not total and not (payable and "ADJ" not in folded):
        sums.rounding.append(-found[-1].value if found[-1].is_minus else found[-1].value)
        return
    if says(folded, labels.CHANGE) and not total:
        sums.change += [found[-1].value] if found else []
        return
    place = number / max(1, len(lines))
    if payable or total:
        weight = 9.0 if payable else 7.0
        rest = _without(folded, payable=payable)
        weight -= 4.0 if says(rest, labels.OTHER) else 0.0
        if found and "%" in lines[number] and not payable:
            weight -= 2.0  # a row of taxes
        for value in _values(lines, number, found):
            sums.name(value, weight + place)
            weight -= 3.0  # of several the likeliest comes first
        return
    if says(folded, labels.CARD) and found:
        sums.card.append(found[-1].value)
        sums.name(found[-1].value, 4.0 + place)
    elif says(folded, labels.CASH) and found:
        sums.cash.append(found[-1].value)
        sums.name(found[-1].value, 2.5 + place)


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
    pairs = {cash - change for cash in sums.cash for change in sums.change if cash > change > 0}
    for value in pairs:
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
                if rounded in totals.weights and rounded % Decimal("0.05") == 0 and value % Decimal("0.05") != 0:
                    totals.add(rounded, 3.0, "rounding")
    for value in [value for value, weight in totals.weights.items() if weight >= 6]:
        for other in [other for other in totals.weights if other != value and abs(other - value) <= Decimal("0.05")]:
            if value % Decimal("0.05") == 0 and other % Decimal("0.05") != 0 and sums.rounding:
                totals.add(value, 1.5)


def _by_lines(totals: Totals, bought: Sequence[Decimal], printed: Counter[Decimal]) -> None:
    if not bought:
        return
    whole = sum(bought, Decimal(0))
    if whole in totals.weights:
        totals.add(whole, 3.0 if len(bought) > 1 else 1.0, "lines")
    elif printed[whole]:
        totals.add(whole, 3.0, "lines")
    for value in list(totals.weights):
        if value != whole and abs(value - whole) <= Decimal("0.05") and totals.weights[value] >= 6:
            totals.add(value, 1.5, "lines")


def _by_taxes(totals: Totals, printed: Counter[Decimal]) -> None:
    """Net and tax, both printed, make the total; or the tax is the rate's share of it."""
    for value in [value for value, weight in totals.weights.items() if weight >= 4]:
        parts = [net for net in printed if value / 2 < net < value and printed[value - net]]
        shares = [
            rate
            for rate in TAXES
            if printed[(value * rate / (1 + rate)).quantize(CENT)] and value * rate / (1 + rate) > Decimal("0.10")
        ]
        if parts or shares:
            totals.add(value, 2.0, "taxes")
