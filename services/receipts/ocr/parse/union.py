"""Lines of all looks as one list: from the look that adds up, else from the surest one, mended by the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations

from rapidfuzz import fuzz

from services.receipts.facts import ReadLine
from services.receipts.ocr.parse.bought import Found
from services.receipts.ocr.parse.text import fold

ADDED_UP, MENDED = 95, 85  # confidence of lines that make the total: as printed, and with one of them mended
SAME = 65  # per cent of a name alike
SURE = 90
MOST = 60  # lines: more combinations are not tried


def unite(
    looks: Sequence[Sequence[Found]], targets: Sequence[Decimal], subtotals: Collection[Decimal] = ()
) -> tuple[tuple[ReadLine, ...], bool]:
    """The lines, and whether they make one of `targets` (the total, the sum that was rounded to it, or what it was
    before discounts) with no more than one of them mended. Lines that make another sum which is named as one are right
    as well, but prove nothing of the total."""
    for wanted in targets:
        for look in looks:
            if look and _sum(look) == wanted:
                return tuple(_sure(one.line, ADDED_UP) for one in look), True
    filled = [look for look in looks if look]
    if not filled:
        return (), False
    chosen = max(filled, key=lambda look: (sum(one.line.confidence for one in look), len(look)))
    others = [one for look in looks if look is not chosen for one in look]
    if len(chosen) <= MOST:
        for wanted in targets:
            for mended, is_proof in _mended(list(chosen), others, wanted):
                return tuple(_sure(one.line, MENDED) for one in mended), is_proof
    for look in filled:
        if len(look) > 1 and _sum(look) in subtotals:
            return tuple(_sure(one.line, ADDED_UP) for one in look), False
    return tuple(one.line for one in _filled(list(chosen), looks)), False


def _mended(lines: list[Found], others: Sequence[Found], wanted: Decimal) -> Iterator[tuple[list[Found], bool]]:
    """The lists that differ from `lines` in one or two sums, or in one line, and make `wanted`; whether that proves
    it: what takes two changes may be chance."""
    missing = wanted - _sum(lines)
    swaps = [(place, value) for place, one in enumerate(lines) for value in _alternatives(one, others)]
    for place, value in swaps:
        if value - lines[place].line.sum == missing:
            yield _swapped(lines, (place, value)), True
    for one in others:
        if one.line.sum == missing and not _is_among(one, lines):
            yield [*lines, one], True
    for place in reversed(range(len(lines))):
        if lines[place].line.sum == -missing and len(lines) > 1:
            yield [*lines[:place], *lines[place + 1 :]], True
    for first, second in combinations(swaps, 2):
        gained = first[1] - lines[first[0]].line.sum + second[1] - lines[second[0]].line.sum
        if first[0] != second[0] and gained == missing:
            yield _swapped(_swapped(lines, first), second), False


def _alternatives(one: Found, others: Sequence[Found]) -> set[Decimal]:
    """What else that line may have cost: by its own price, or by another look at it."""
    found = {one.other} if one.other else set()
    name = fold(one.line.name)
    for other in others:
        if other.line.sum != one.line.sum and fuzz.ratio(name, fold(other.line.name)) >= SAME:
            found |= {other.line.sum} | ({other.other} if other.other else set())
    return found - {one.line.sum}


def _swapped(lines: list[Found], swap: tuple[int, Decimal]) -> list[Found]:
    place, value = swap
    old = lines[place].line
    price = value if old.quantity == 1 else (value / old.quantity).quantize(Decimal("0.01"))
    return [*lines[:place], Found(replace(old, price=price, sum=value)), *lines[place + 1 :]]


def _is_among(one: Found, lines: Sequence[Found]) -> bool:
    name = fold(one.line.name)
    return any(one.line.sum == other.line.sum and fuzz.ratio(name, fold(other.line.name)) >= SAME for other in lines)


def _filled(lines: list[Found], looks: Sequence[Sequence[Found]]) -> list[Found]:
    """With what only another look saw, if its quantity and price confirm it; nothing twice."""
    for look in looks:
        for place, one in enumerate(look):
            if one.line.confidence < SURE or any(one.line.sum == other.line.sum for other in lines):
                continue
            if any(fuzz.ratio(fold(one.line.name), fold(other.line.name)) >= SAME for other in lines):
                continue
            lines.insert(min(place, len(lines)), one)
    return lines


def _sum(lines: Sequence[Found]) -> Decimal:
    return sum((one.line.sum for one in lines), Decimal(0))


def _sure(line: ReadLine, confidence: int) -> ReadLine:
    return replace(line, confidence=max(line.confidence, confidence))
