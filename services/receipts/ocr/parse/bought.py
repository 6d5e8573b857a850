"""What was bought: names, quantities, prices and sums."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.receipts.facts import ReadLine
from services.receipts.ocr.parse import labels
from services.receipts.ocr.parse.amounts import amounts
from services.receipts.ocr.parse.text import fold, letters, says

CENT = Decimal("0.01")
TIMES = r"[xх×*XХ«]"
UNIT = r"(?:шт|кг|г|л|уп|пач|pcs|stk|kg|ea|x)?\.?"
BY = re.compile(
    rf"(?<![0-9.,])([0-9]{{1,4}}(?:[.,][0-9]{{1,3}})?)\s*{UNIT}\s*{TIMES}\s*([0-9]{{1,5}}[.,]\s?[0-9]{{2}})(?![0-9])",
    re.IGNORECASE,
)
BY_PRICE = re.compile(
    rf"(?<![0-9.,])([0-9]{{1,5}}[.,]\s?[0-9]{{2}})\s*{TIMES}\s*([0-9]{{1,4}}(?:[.,][0-9]{{1,3}})?)(?![0-9])",
    re.IGNORECASE,
)
LEAST_LETTERS = 3
MOST_NAME = 2  # lines that one name may take


@dataclass(slots=True)
class _By:
    quantity: Decimal
    price: Decimal
    end: int
    start: int

    @property
    def sum(self) -> Decimal:
        return (self.quantity * self.price).quantize(CENT)


def find_bought(lines: Sequence[str]) -> list[ReadLine]:
    """In their order. Forms: name and sum in one line; "2 x 9.50" before or after the name, or in its line; names that
    take two lines. A sum that quantity and price confirm is sure; what nothing confirms is less so."""
    found: list[ReadLine] = []
    name: list[str] = []
    by: _By | None = None
    for line in lines:
        folded = fold(line)
        if _ends(folded, line):
            if found:
                break
            name, by = [], None
            continue
        if not folded or _is_other(folded, line):
            name = []
            continue
        here = _multiplied(line)
        sums = [one for one in amounts(line) if here is None or one.start >= here.end or one.end <= here.start]
        words = _words(line, here)
        if here is not None and not (sums and letters(words) >= LEAST_LETTERS):
            own = next((one.value for one in reversed(sums) if one.value == here.sum), None)
            title = " ".join([*name, words] if letters(words) >= LEAST_LETTERS else name)
            if title and (own is not None or letters(words) >= LEAST_LETTERS or sums):
                found.append(_line(title, here, own if own is not None else (sums[-1].value if sums else None)))
                name, by = [], None
            elif found and not name and found[-1].price == found[-1].sum == here.sum:
                found[-1] = _line(found[-1].name, here, found[-1].sum)  # it stands below what it explains
                by = None
            else:
                by = here
            continue
        if sums:
            title = " ".join([*name[-MOST_NAME:], words]).strip() if letters(words) < 12 else words
            if letters(title) >= LEAST_LETTERS and not sums[-1].is_minus and sums[-1].value > 0:
                found.append(_line(title, here or by, sums[-1].value))
            name, by = [], None
            continue
        if letters(words) >= LEAST_LETTERS:
            name = [*name, words.strip()][-MOST_NAME:]
    return found


def _multiplied(line: str) -> _By | None:
    if match := BY.search(line):
        quantity, price = _number(match[1]), _number(match[2])
    elif match := BY_PRICE.search(line):
        quantity, price = _number(match[2]), _number(match[1])
    else:
        return None
    if not 0 < quantity <= 1000 or price <= 0:
        return None
    return _By(quantity, price, match.end(), match.start())


def _line(title: str, by: _By | None, whole: Decimal | None) -> ReadLine:
    name = re.sub(r"\s+", " ", re.sub(r"^[\W_]+|[\W_]+$", "", title))[:120]
    if by is None:
        assert whole is not None
        return ReadLine(name, Decimal(1), whole, whole, 50)
    if whole is None or abs(by.sum - whole) <= CENT:
        return ReadLine(name, by.quantity, by.price, by.sum if whole is None else whole, 70 if whole is None else 90)
    if by.quantity and whole > 0:
        price = (whole / by.quantity).quantize(CENT)
        if price != by.price and (price * by.quantity).quantize(CENT) == whole:
            return ReadLine(name, by.quantity, price, whole, 40)  # a digit of the price is misread
    return ReadLine(name, Decimal(1), whole, whole, 40)


def _words(line: str, by: _By | None) -> str:
    """The line without its numbers of money."""
    text = line if by is None else f"{line[: by.start]} {line[by.end :]}"
    for amount in reversed(amounts(text)):
        text = text[: amount.start] + " " + text[amount.end :]
    text = re.sub(r"^\s*[0-9]{1,3}[.)]\s+|[=≡]", " ", text)
    return re.sub(r"\s+[AАBВCСБГ]{1,2}\s*$", "", text.strip(" -_.*|:"))


def _ends(folded: str, line: str) -> bool:
    return (
        says(folded, labels.PAYABLE)
        or (says(folded, labels.TOTAL) and letters(line) < 40)
        or says(folded, labels.CHANGE)
        or (says(folded, labels.CASH) and bool(amounts(line)))
        or (says(folded, labels.CARD) and bool(amounts(line)))
        or (says(folded, ("SUB TOTAL", "SUBTOTAL", "ZWISCHENSUMME")))
    )


def _is_other(folded: str, line: str) -> bool:
    if re.search(r"www|http|@|\+?\d[\d\s()-]{9,}", line) and not BY.search(line):
        return not amounts(line) or "www" in line
    if says(
        folded, (*labels.ROUNDING, "ЗНИЖKA", "CKИДKA", "RABATT", "DISCOUNT", "ПДB", "HДC", "MWST", "GST")
    ) and amounts(line):
        return True
    first = folded.split(" ")[0]
    return first in labels.NOT_BOUGHT and not (amounts(line) and letters(line) > 12 and first not in ("ЧEK", "TEЛ"))


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ".").replace(" ", ""))
