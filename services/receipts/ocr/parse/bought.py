"""What was bought: names, quantities, prices and sums, as one look has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from services.receipts.facts import ReadLine
from services.receipts.ocr.parse import labels
from services.receipts.ocr.parse.amounts import Amount, amounts
from services.receipts.ocr.parse.text import fold, letters, says

CENT = Decimal("0.01")
TIMES = r"[xх×*XХ«]"
UNIT = r"(?:шт|кг|г|л|уп|пач|бут|pcs|stk|kg|ea|pc|x)?\.?"
BY = re.compile(
    rf"(?<![0-9.,])([0-9]{{1,4}}(?:\s?[.,]\s?[0-9]{{1,3}})?)\s*{UNIT}\s*{TIMES}\s*([0-9]{{1,5}}\s?[.,]\s?[0-9]{{2}})(?![0-9])",
    re.IGNORECASE,
)
BY_PRICE = re.compile(
    rf"(?<![0-9.,])([0-9]{{1,5}}\s?[.,]\s?[0-9]{{2}})\s*{TIMES}\s*([0-9]{{1,4}}(?:[.,][0-9]{{1,3}})?)(?![0-9])",
    re.IGNORECASE,
)
WEIGHED = re.compile(r"(?<![0-9.,])([0-9]{1,2}[.,][0-9]{3})\s*(?:кг|kg|л)?(?![0-9.,])", re.IGNORECASE)
HEADING = tuple(map(fold, ("qty", "price", "desc", "description", "amount", "item", "ціна", "цена", "кіл", "кол")))
LEAST_LETTERS = 3
TAX_CODE = 5  # letters: fewer name a tax, not a thing
FULL_NAME = 12  # letters: a line with so many names a thing by itself
MOST_NAME = 2  # lines that one name may take


@dataclass(frozen=True, slots=True)
class Found:
    """One thing; `other` is what it may have cost instead, where what is printed contradicts itself."""

    line: ReadLine
    other: Decimal | None = None


@dataclass(slots=True)
class Bought:
    """What one look has; `off` is what discounts among it, and bottles given back, take from its sum."""

    things: list[Found] = field(default_factory=list)
    off: Decimal = Decimal(0)

    @property
    def sum(self) -> Decimal:
        return sum((one.line.sum for one in self.things), Decimal(0))


@dataclass(frozen=True, slots=True)
class _By:
    quantity: Decimal
    price: Decimal
    start: int
    end: int

    @property
    def sum(self) -> Decimal:
        return (self.quantity * self.price).quantize(CENT, ROUND_HALF_UP)


@dataclass(slots=True)
class _Page:
    """Where reading stands: lines of a name, or a quantity, that wait for their sum."""

    limit: Decimal | None
    found: list[Found] = field(default_factory=list)
    off: Decimal = Decimal(0)
    name: list[str] = field(default_factory=list)
    by: _By | None = None
    above: list[str] = field(default_factory=list)  # the name, if it stood above that quantity

    def add(self, title: str, by: _By | None, whole: Decimal | None) -> None:
        if letters(title) >= LEAST_LETTERS and (whole is None or whole > 0):
            self.found.append(_made(title, by, whole))
        self.forget()

    def forget(self) -> None:
        self.name, self.by, self.above = [], None, []

    def wait(self, by: _By) -> None:
        self.name, self.by, self.above = [], by, self.name

    def named(self, words: str) -> None:
        """Above the first thing stand shop and address: of them only the nearest line may be its name."""
        self.name = [*self.name, words.strip()][-(MOST_NAME if self.found or self.by else 1) :]

    def title(self, words: str = "") -> str:
        """The name as far as it is in this line, after what waits of it."""
        if letters(words) >= (FULL_NAME if self.found or self.by else LEAST_LETTERS):
            return words
        title = " ".join([*self.name, words]).strip()
        return title if letters(title) >= LEAST_LETTERS else " ".join([*self.above, title])


def find_bought(lines: Sequence[str], limit: Decimal | None = None) -> Bought:
    """In their order; nothing costs more than `limit`. Forms: name and sum in one line; "2 x 9.50" before or after the
    name, or in its line; names that take two lines. A sum that quantity and price confirm is sure; what nothing
    confirms is less so."""
    page = _Page(limit)
    for line in lines:
        folded = fold(line)
        if _ends(folded, line):
            if page.found or amounts(line) or (page.name and not says(folded, HEADING)):
                break  # without a sum it is the heading of a column
            page.forget()
        elif not folded or _is_other(folded, line):
            page.off += _taken_off(folded, line)
            page.name = []
        else:
            _take(page, line)
    return Bought(page.found, page.off)


def _take(page: _Page, line: str) -> None:
    here = _multiplied(line)
    sums = [one for one in amounts(line) if here is None or one.start >= here.end or one.end <= here.start]
    words = _words(line, here)
    if here is not None:
        _take_multiplied(page, here, sums, words)
    elif sums:
        whole = sums[-1].at_most(page.by.sum if page.by else page.limit)
        page.off += sums[-1].value if sums[-1].is_minus else Decimal(0)
        if sums[-1].is_minus or (page.limit is not None and whole > page.limit):
            page.forget()
        else:
            page.add(page.title(words), page.by or _in_columns(line, sums), whole)
    elif letters(words) >= LEAST_LETTERS:
        page.named(words)


def _take_multiplied(page: _Page, here: _By, sums: list[Amount], words: str) -> None:
    """A line of quantity and price; with a name, a sum, both or none."""
    whole = sums[-1].at_most(here.sum) if sums else None
    if whole is not None and page.limit is not None and whole > page.limit:
        whole = None
    if letters(words) >= LEAST_LETTERS:
        page.add(page.title(words), here, whole)
    elif whole is not None and page.name:
        page.add(page.title(), here, whole)
    elif page.found and not page.name and _is_of(page.found[-1].line, here):
        page.found[-1] = _made(page.found[-1].line.name, here, page.found[-1].line.sum)  # below what it explains
    else:
        page.wait(here)  # for a sum of its own line, or for a name


def _taken_off(folded: str, line: str) -> Decimal:
    found = amounts(line)
    return found[-1].value if found and says(folded, labels.DISCOUNT) else Decimal(0)


def _is_of(line: ReadLine, by: _By) -> bool:
    return line.quantity == 1 and line.sum == by.sum


def _in_columns(line: str, sums: list[Amount]) -> _By | None:
    """Price and sum in columns of their own, with a quantity that fits somewhere in the line."""
    for price in sums[:-1]:
        if price.value <= 0 or price.value > sums[-1].value:
            continue
        quantity = sums[-1].value / price.value
        if quantity == quantity.to_integral_value() and re.search(rf"(?<![0-9.,]){int(quantity)}(?![0-9.,])", line):
            return _By(Decimal(int(quantity)), price.value, 0, 0)
        for match in WEIGHED.finditer(line):
            weighed = _By(_number(match[1]), price.value, 0, 0)
            if abs(weighed.sum - sums[-1].value) <= CENT:
                return weighed
    return None


def _multiplied(line: str) -> _By | None:
    if match := BY.search(line):
        quantity, price = _number(match[1]), _number(match[2])
    elif match := BY_PRICE.search(line):
        quantity, price = _number(match[2]), _number(match[1])
    else:
        return None
    if not 0 < quantity <= 1000 or price <= 0:
        return None
    return _By(quantity, price, match.start(), match.end())


def _made(title: str, by: _By | None, whole: Decimal | None) -> Found:
    name = re.sub(r"\s+", " ", re.sub(r"^[\W_]+|[\W_]+$", "", title))[:120]
    if by is None:
        assert whole is not None
        return Found(ReadLine(name, Decimal(1), whole, whole, 50))
    if whole is None or abs(by.sum - whole) <= CENT:
        sure = 70 if whole is None else 90
        return Found(ReadLine(name, by.quantity, by.price, by.sum if whole is None else whole, sure))
    price = (whole / by.quantity).quantize(CENT, ROUND_HALF_UP)
    if price > 0 and abs((price * by.quantity).quantize(CENT, ROUND_HALF_UP) - whole) <= CENT:
        return Found(ReadLine(name, by.quantity, price, whole, 40), by.sum)  # a digit of the price is misread, or of it
    return Found(ReadLine(name, Decimal(1), whole, whole, 40), by.sum)


def _words(line: str, by: _By | None) -> str:
    """The line without its numbers of money."""
    text = line if by is None else f"{line[: by.start]} {line[by.end :]}"
    for amount in reversed(amounts(text)):
        text = text[: amount.start] + " " + text[amount.end :]
    text = re.sub(r"^\s*[0-9]{1,3}[.)]\s+|[=≡|]", " ", text)
    text = re.sub(labels.COST, " ", text)
    return re.sub(r"\s+[AАBВCСБГ]\s*$", "", text.strip(" -_.*|:"))


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
    if "%" in line and len(amounts(line)) > 1 and letters(line) < TAX_CODE:
        return True  # a row of a table of taxes
    if says(folded, labels.NO_GOODS) and (amounts(line) or "%" in line):
        return True
    if not amounts(line) and (says(folded, labels.FISCAL_WORDS) or folded in ("EUR", "ГPH", "PYБ", "RM")):
        return True
    first = folded.split(" ")[0]
    return (
        not _multiplied(line)
        and first in labels.NOT_BOUGHT
        and not (amounts(line) and letters(line) > 12 and first not in ("ЧEK", "TEЛ"))
    )


def _number(text: str) -> Decimal:
    return Decimal(re.sub(r"\s", "", text).replace(",", "."))
