"""All looks at one receipt into one answer: each field by the votes of the looks, lines from the look that adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from services.receipts.ocr.base import Look
from services.receipts.ocr.parse.amounts import amounts
from services.receipts.ocr.parse.bought import Bought, find_bought
from services.receipts.ocr.parse.money import find_currency
from services.receipts.ocr.parse.parsed import Parsed
from services.receipts.ocr.parse.rounding import paid
from services.receipts.ocr.parse.shop import (
    DOCUMENT,
    REGISTER,
    TAX_ID,
    find_first,
    find_merchant,
    has_fiscal_words,
    has_receipt_words,
    says_not_fiscal,
    says_refund,
)
from services.receipts.ocr.parse.text import mend_numbers
from services.receipts.ocr.parse.total import ROUNDING, Totals, alike, find_totals, named
from services.receipts.ocr.parse.union import unite
from services.receipts.ocr.parse.votes import day_of, distinct, trust

SUBTOTAL = 3.0  # weight of what is named as some total, if not as the whole one
NAMED = 4.0  # weight of a sum that a look names as paid, though it may think another one likelier
STEPS = (Decimal("0.05"), Decimal("0.10"))  # by which tills round
ROUND_TO = Decimal("0.05")  # the least that tills round to


@dataclass(slots=True)
class _Seen:
    """One look by itself."""

    lines: tuple[str, ...]
    bought: Bought
    totals: Totals
    printed: frozenset[Decimal]
    trust: float

    def confirms(self, total: Decimal) -> bool:
        """It is this look's own answer, or printed here as a sum that was paid."""
        return self.totals.best()[0] == total or (total in self.printed and self.totals.weights.get(total, 0) >= NAMED)


def parse(looks: Sequence[Look], today: date) -> Parsed:
    """Never raises, whatever is printed. `today` is the shop's: nothing is bought later."""
    seen = [_look(look) for look in distinct(looks)]
    printed = tuple(line for one in seen for line in one.lines)
    currency, country = find_currency(printed)
    total, margin, proofs, agreeing = _total(seen, currency)
    day = day_of([(one.lines, one.trust) for one in seen], today)
    lines, adds_up = unite([one.bought.things for one in seen], _targets(seen, total), _named(seen))
    tax_id, register = find_first(TAX_ID, printed), find_first(REGISTER, printed)
    return Parsed(
        merchant=next((name for one in seen if (name := find_merchant(one.lines))), None),
        tax_id=tax_id,
        date=day.date,
        time=day.time,
        total=total,
        currency=currency,
        country=country,
        lines=lines,
        fiscal_number=register,
        document_number=find_first(DOCUMENT, printed),
        is_fiscal=bool(tax_id or register) or has_fiscal_words(printed),
        is_receipt=has_receipt_words(printed),
        not_fiscal=any(says_not_fiscal(one.lines) for one in seen),
        is_refund=any(says_refund(one.lines) for one in seen),
        proofs=proofs | {"lines"} if adds_up else proofs,
        looks=agreeing,
        date_looks=day.looks,
        date_against=day.against,
        date_repeated=day.repeated,
        total_margin=margin,
        amounts=frozenset().union(*(one.printed for one in seen)),
    )


def _look(look: Look) -> _Seen:
    lines = tuple(mend_numbers(line) for line in look.lines)
    bought = find_bought(lines, max(named(lines), default=None))
    values = frozenset(amount.value for line in lines for amount in amounts(line))
    totals = find_totals(lines, [one.line.sum for one in bought.things], bought.off)
    return _Seen(lines, bought, totals, values, trust(look))


def _named(seen: Sequence[_Seen]) -> set[Decimal]:
    return {value for one in seen for value, weight in one.totals.weights.items() if weight >= SUBTOTAL}


def _targets(seen: Sequence[_Seen], total: Decimal | None) -> list[Decimal]:
    """What the lines may come to: the total, or what was rounded to it."""
    if total is None:
        return []
    near = {value for one in seen for value in one.totals.weights if 0 < abs(value - total) <= ROUNDING}
    wanted = [total, *(sorted(near, key=lambda value: abs(value - total)) if total % ROUND_TO == 0 else ())]
    taken = dict.fromkeys(one.bought.off for one in seen if one.bought.off)
    return wanted + [value + off for off in taken for value in wanted]


def _total(seen: Sequence[_Seen], currency: str | None) -> tuple[Decimal | None, float, frozenset[str], int]:
    together = Totals()
    for one in seen:
        for value, weight in one.totals.weights.items():
            together.add(value, weight * one.trust)
        for value, proofs in one.totals.proofs.items():
            together.proofs[value] |= proofs
    best, margin = together.best()
    if best is None:
        return None, 0.0, frozenset(), 0
    best, doubted = _counted(seen, together, best)
    total, is_sure = paid([one.totals for one in seen], best, currency)
    # What it was rounded from confirms it as well: how tills round is known.
    agreeing = sum(one.confirms(total) or (one.totals.is_rounded and one.confirms(best)) for one in seen)
    against = sum(one.totals.best()[0] not in (total, best, None) for one in seen)
    if not is_sure or doubted or against >= agreeing:
        agreeing = 0  # a guess; or what was bought comes to a sum that looks like it; or most looks say another
    proofs = together.proofs[total]
    if total != best:
        proofs |= together.proofs[best] & {"lines", "taxes"}
        margin = together.weights[best] - max(
            (weight for value, weight in together.weights.items() if value not in (best, total)), default=0.0
        )
    return total, margin, frozenset(proofs), agreeing


def _counted(seen: Sequence[_Seen], together: Totals, best: Decimal) -> tuple[Decimal, bool]:
    """The total as the lines of goods count it, where it may have been misread as the likeliest one; whether there is
    doubt which of them it is."""
    likelier = Counter[Decimal]()
    for one in seen:
        whole = one.bought.sum - one.bought.off
        if len(one.bought.things) < 2 or whole <= 0 or abs(whole - best) <= ROUNDING:
            continue
        for step in (Decimal("0.01"), *STEPS):
            rounded = ((whole / step).quantize(Decimal(1), ROUND_HALF_UP) * step).quantize(Decimal("0.01"))
            if alike(rounded, best):
                likelier[rounded] += 1
                break
    if not likelier:
        return best, False
    other = max(likelier, key=lambda value: (likelier[value], together.weights.get(value, 0.0), value))
    return (other, True) if likelier[other] > 1 else (best, True)
