"""How far a reading may be trusted: by evidence, never by the engine's own word.

A is given elsewhere, by the tax register's answer. B: a fiscal code, and its total is printed, too. C: a printed total
that its own arithmetic and a second look confirm, with a date and the marks of a fiscal receipt. D: all else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from services.receipts.facts import NEVER, FiscalCode, Reading, Tier
from services.receipts.ocr.base import Look, PictureFacts
from services.receipts.ocr.parse import Parsed

LEAST_LETTERS = 30  # less is no receipt
CURRENCY = {"UA": "UAH", "RU": "RUB"}
# Proofs which a misread digit cannot give by chance; "repeated" may be one misreading copied by two looks.
STRONG = frozenset({"lines", "change", "taxes", "rounding", "card"})
SEVERAL = 4  # lines
LEAST_MARGIN = 2.0
CLEAR = 60.0  # the engine's own word, for refusing only: it is not sure of what it makes up
MAJORITY = 3  # to one: a misread digit of a date is seen by nothing else


def weigh(
    parsed: Parsed, code: FiscalCode | None, picture: PictureFacts, looks: Sequence[Look], today: date
) -> Reading:
    """One reading of all that is known. What a fiscal code says counts before what is printed."""
    reasons = _doubts(parsed, code, picture, looks)
    agrees = code is not None and code.total is not None and code.total in parsed.amounts
    total = code.total if code and code.total is not None else parsed.total
    day = (code.date if code else None) or parsed.date
    if code and code.total is not None and looks and not agrees and parsed.total is not None:
        reasons += ["amount_mismatch"] if parsed.looks >= 2 and parsed.proofs & STRONG else []
    if code and code.date and parsed.date and code.date != parsed.date and parsed.date_looks >= 2:
        reasons.append("date_mismatch")
    if day is not None and day > today:
        reasons.append("date_mismatch")
    tier: Tier = "D"
    if not reasons:
        if agrees and day is not None:
            tier = "B"
        elif code is None and _is_confirmed(parsed):
            tier = "C"
        else:
            reasons.append("unconfirmed")
    return Reading(
        tier=tier,
        reasons=tuple(dict.fromkeys(reasons)),
        merchant=parsed.merchant,
        tax_id=parsed.tax_id,
        date=day,
        time=(code.time if code else None) or parsed.time,
        total=total,
        currency=CURRENCY[code.country] if code else parsed.currency,
        country=code.country if code else parsed.country,
        lines=parsed.lines,
        code=code,
        fiscal_number=code.number if code else parsed.fiscal_number,
        document_number=code.document if code else parsed.document_number,
        texts=tuple(dict.fromkeys(line for look in looks for line in look.lines)),
        confidence=_confidence(parsed, code, agrees),
        source="both" if agrees else "code" if code else "print",
    )


def _doubts(parsed: Parsed, code: FiscalCode | None, picture: PictureFacts, looks: Sequence[Look]) -> list[str]:
    found = []
    letters = max((sum(char.isalnum() for line in look.lines for char in line) for look in looks), default=0)
    if code is None and looks and letters < LEAST_LETTERS:
        found.append("unreadable")
    elif code is None and looks and not parsed.amounts and parsed.date is None:
        is_clear = max(look.confidence for look in looks) >= CLEAR
        found.append("not_receipt" if is_clear and not parsed.is_receipt else "unreadable")
    if parsed.not_fiscal or (code is None and looks and not found and not parsed.is_fiscal):
        found.append("not_fiscal")
    if (code is not None and code.kind != "sale") or (code is None and parsed.is_refund):
        found.append("refund")
    found += [name for name in ("edited", "screenshot") if getattr(picture, name)]
    if picture.several:
        found.append("several_receipts")
    if not found or not NEVER.isdisjoint(found):
        if (code is None or code.total is None) and parsed.total is None:
            found.append("no_total")
        if (code is None or code.date is None) and parsed.date is None:
            found.append("no_date")
    return found


def _is_confirmed(parsed: Parsed) -> bool:
    return (
        parsed.looks >= 2
        and (parsed.date_looks >= 2 or parsed.date_repeated)
        and (parsed.date_repeated or parsed.date_looks >= MAJORITY * parsed.date_against)
        and bool(parsed.proofs & STRONG)
        and (len(parsed.proofs) >= 2 or _adds_up(parsed))
        and parsed.total_margin >= LEAST_MARGIN
        and parsed.currency is not None
    )


def _adds_up(parsed: Parsed) -> bool:
    """Several sums come to the total to the cent: no misread digit does that."""
    return len(parsed.lines) >= SEVERAL and sum(line.sum for line in parsed.lines) == parsed.total


def _confidence(parsed: Parsed, code: FiscalCode | None, agrees: bool) -> dict[str, int]:
    total = 100 if agrees else 90 if code and code.total is not None else 0
    if not total and parsed.total is not None:
        total = min(95, 30 + 15 * min(parsed.looks, 2) + 12 * len(parsed.proofs & STRONG))
    day = 100 if code and code.date else 0 if parsed.date is None else 45 + 20 * min(parsed.date_looks, 2)
    whole = sum((line.sum for line in parsed.lines), Decimal(0))
    return {
        "merchant": 60 if parsed.merchant else 0,
        "date": day,
        "time": day if parsed.time or (code and code.time) else 0,
        "total": total,
        "currency": 100 if code else 70 if parsed.currency else 0,
        "lines": 95
        if parsed.lines and whole == parsed.total
        else min((one.confidence for one in parsed.lines), default=0),
    }
