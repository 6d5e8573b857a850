"""All looks at one receipt into one answer: each field by the votes of the looks, lines from the look that adds up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from services.receipts.facts import ReadLine
from services.receipts.ocr.base import Look
from services.receipts.ocr.parse.amounts import amounts
from services.receipts.ocr.parse.bought import find_bought
from services.receipts.ocr.parse.dates import moments
from services.receipts.ocr.parse.money import find_currency
from services.receipts.ocr.parse.parsed import Parsed
from services.receipts.ocr.parse.shop import (
    DOCUMENT,
    REGISTER,
    TAX_ID,
    find_first,
    find_merchant,
    has_fiscal_words,
    says_not_fiscal,
    says_refund,
)
from services.receipts.ocr.parse.text import mend_numbers
from services.receipts.ocr.parse.total import Totals, find_totals


@dataclass(slots=True)
class _Seen:
    """One look by itself."""

    lines: tuple[str, ...]
    bought: list[ReadLine]
    totals: Totals


def parse(looks: Sequence[Look], today: date) -> Parsed:
    """Never raises, whatever is printed. `today` is the shop's: nothing is bought later."""
    seen = [_look(look) for look in looks]
    printed = tuple(line for one in seen for line in one.lines)
    total, margin, proofs, agreeing = _total(seen)
    day, clock, date_looks = _moment(seen, today)
    currency, country = find_currency(printed)
    tax_id, register = find_first(TAX_ID, printed), find_first(REGISTER, printed)
    return Parsed(
        merchant=next((name for one in seen if (name := find_merchant(one.lines))), None),
        tax_id=tax_id,
        date=day,
        time=clock,
        total=total,
        currency=currency,
        country=country,
        lines=_bought(seen, total),
        fiscal_number=register,
        document_number=find_first(DOCUMENT, printed),
        is_fiscal=bool(tax_id or register) or has_fiscal_words(printed),
        not_fiscal=any(says_not_fiscal(one.lines) for one in seen),
        is_refund=any(says_refund(one.lines) for one in seen),
        proofs=proofs,
        looks=agreeing,
        date_looks=date_looks,
        total_margin=margin,
        amounts=frozenset(amount.value for line in printed for amount in amounts(line)),
    )


def _look(look: Look) -> _Seen:
    lines = tuple(mend_numbers(line) for line in look.lines)
    bought = find_bought(lines)
    return _Seen(lines, bought, find_totals(lines, [line.sum for line in bought]))


def _total(seen: Sequence[_Seen]) -> tuple[Decimal | None, float, frozenset[str], int]:
    together = Totals()
    for one in seen:
        for value, weight in one.totals.weights.items():
            together.add(value, weight)
        for value, proofs in one.totals.proofs.items():
            together.proofs[value] |= proofs
    total, margin = together.best()
    if total is None:
        return None, 0.0, frozenset(), 0
    agreeing = sum(one.totals.best()[0] == total for one in seen)
    return total, margin, frozenset(together.proofs[total]), agreeing


def _moment(seen: Sequence[_Seen], today: date) -> tuple[date | None, time | None, int]:
    days: dict[date, float] = defaultdict(float)
    clocks: dict[date, Counter[time]] = defaultdict(Counter)
    best = []
    for one in seen:
        own: dict[date, float] = {}
        for found in moments(one.lines, today):
            own[found.date] = max(own.get(found.date, 0.0), found.weight)
            if found.time:
                clocks[found.date][found.time] += 1
        for day, weight in own.items():
            days[day] += weight
        best += [max(own, key=lambda day: own[day])] if own else []
    if not days:
        return None, None, 0
    day = max(days, key=lambda one: days[one])
    clock = clocks[day].most_common(1)[0][0] if clocks[day] else None
    return day, clock, best.count(day)


def _bought(seen: Sequence[_Seen], total: Decimal | None) -> tuple[ReadLine, ...]:
    """Of the look whose lines add up to the total; else of the one with most sure lines, mended by the others."""
    if not seen:
        return ()
    for one in seen:
        if one.bought and sum(line.sum for line in one.bought) == total:
            return tuple(_sure(line, 95) for line in one.bought)
    chosen = max(seen, key=lambda one: (sum(line.confidence for line in one.bought), len(one.bought))).bought
    if total is None:
        return tuple(chosen)
    lines = [line for line in chosen if line.sum <= total]
    missing = total - sum((line.sum for line in lines), Decimal(0))
    if missing < 0:  # one too many: what is printed twice, or is no line of goods
        extra = next((line for line in reversed(lines) if line.sum == -missing), None)
        if extra:
            lines.remove(extra)
            return tuple(_sure(line, 90) for line in lines)
    others = [line for one in seen if one.bought is not chosen for line in one.bought]
    own = {line.sum for line in lines}
    if missing > 0:
        single = next((line for line in others if line.sum == missing and line.sum not in own), None)
        if single:
            return tuple(_sure(line, 90) for line in (*lines, single))
    return tuple(lines)


def _sure(line: ReadLine, confidence: int) -> ReadLine:
    return ReadLine(line.name, line.quantity, line.price, line.sum, max(line.confidence, confidence))
