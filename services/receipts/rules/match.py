"""Which promoted products a receipt shows, and where."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from services.platform.money import EXPONENTS, LIMIT
from services.receipts.facts import Reading, ReadLine
from services.receipts.rules.campaign import Product
from services.receipts.rules.decision import Match
from services.receipts.rules.fold import Folded, fold

SHORT = 6  # an alias with fewer letters must stand there as it is: alike short words are other words
# A printed line with one of these is an address or names who sells: "Дарницький р-н" is no medicine.
_ABOUT_THE_SHOP = frozenset(
    fold(word)
    for word in (
        *("вул", "вулиця", "ул", "улица", "просп", "проспект", "пр-т", "бульв", "бульвар", "пров", "шосе", "шоссе"),
        *("р-н", "район", "обл", "область", "місто", "город", "буд", "дом", "адреса", "адрес", "тел", "аптека"),
        *("тов", "фоп", "ооо", "ип", "іпн", "инн", "єдрпоу", "касир", "кассир"),
    )
)


def minor(amount: Decimal | None, currency: str) -> int | None:
    """Whole minor units, down; None for what is none or cannot be a sum on a receipt."""
    if amount is None or not amount.is_finite() or abs(amount) >= LIMIT:
        return None
    scaled = int(amount.scaleb(EXPONENTS[currency]))
    return scaled if abs(scaled) < LIMIT else None


def score(alias: Folded, text: Folded, enough: int = 0) -> int:
    """How much of the alias is in the text, 0 to 100; less than `enough` is 0. Spaces do not count in long aliases:
    readers lose and find them."""
    from rapidfuzz import fuzz  # only who judges receipts pays for it

    if not alias.compact or not text.compact:
        return 0
    if alias.letters < SHORT:
        return 100 if f" {alias.words} " in f" {text.words} " else 0
    # The other way round, a scrap of the alias would be all of it.
    alike = fuzz.ratio if len(text.compact) < len(alias.compact) else fuzz.partial_ratio
    return int(alike(alias.compact, text.compact, score_cutoff=enough))


class _Terms:
    """A product's words, folded once."""

    def __init__(self, product: Product) -> None:
        self.product, self.enough = product, int(product.min_score * 100)
        self._aliases = [(Folded.of(alias), alias) for alias in product.aliases]
        self._exclude = [Folded.of(word) for word in product.exclude]

    def best(self, text: Folded) -> tuple[int, str] | None:
        """(score, alias) where the text names the product."""
        points, _, alias = max((score(term, text, self.enough), len(alias), alias) for term, alias in self._aliases)
        if points < self.enough or any(score(word, text, self.enough) >= self.enough for word in self._exclude):
            return None
        return points, alias


def match(products: Sequence[Product], reading: Reading, currency: str) -> tuple[Match, ...]:
    """Products by their sku. Each line counts for the product that it names best; where no line names any, the printed
    texts are looked through, and sums stay unknown."""
    by_lines = _assign(products, [line.name for line in reading.lines])
    if by_lines:
        return tuple(_of_lines(product, found, reading.lines, currency) for product, found in by_lines)
    by_texts = _assign(products, [text if _may_name(text, reading) else "" for text in reading.texts])
    return tuple(
        Match(product.sku, product.name, found[0][2], found[0][1], texts=tuple(sorted(one[0] for one in found)))
        for product, found in by_texts
    )


Found = list[tuple[int, int, str]]  # (number of the line, score, alias), the best first


def _assign(products: Sequence[Product], names: Sequence[str]) -> list[tuple[Product, Found]]:
    found: dict[str, Found] = {}
    by_sku = {product.sku: product for product in products}
    terms = [_Terms(product) for product in products]
    for number, name in enumerate(names):
        text = Folded.of(name)
        candidates = [(best, one.product.sku) for one in terms if (best := one.best(text))]
        if candidates:
            (points, alias), sku = max(candidates, key=lambda one: (one[0][0], len(one[0][1]), one[1]))
            found.setdefault(sku, []).append((number, points, alias))
    return [
        (by_sku[sku], sorted(found[sku], key=lambda one: (-one[1], -len(one[2]), one[2], one[0])))
        for sku in sorted(found)
    ]


def _of_lines(product: Product, found: Found, lines: Sequence[ReadLine], currency: str) -> Match:
    numbers = sorted(one[0] for one in found)
    own = [lines[number] for number in numbers]
    sums = [minor(line.sum, currency) for line in own]
    pieces = [_pieces(line) for line in own]
    return Match(
        product.sku,
        product.name,
        found[0][2],
        found[0][1],
        lines=tuple(numbers),
        sum=None if None in sums else sum(one for one in sums if one is not None),
        quantity=None if None in pieces else sum(one for one in pieces if one is not None),
    )


def _pieces(line: ReadLine) -> int | None:
    """What is weighed is one piece. None where quantity, price and sum do not agree: a 1 is easily read as a 7."""
    if not all(number.is_finite() and abs(number) < LIMIT for number in (line.quantity, line.price, line.sum)):
        return None
    if line.sum <= 0 or line.quantity <= 0:
        return 0  # a discount, or something taken back
    if line.quantity == 1 or line.quantity != line.quantity.to_integral_value():
        return 1
    apart = abs(line.quantity * line.price - line.sum)
    return int(line.quantity) if apart <= max(line.sum / 100, Decimal("0.05")) else None


def _may_name(text: str, reading: Reading) -> bool:
    folded = fold(text)
    if any(f" {word} " in f" {folded} " for word in _ABOUT_THE_SHOP):
        return False
    merchant = fold(reading.merchant or "")
    return not merchant or merchant not in folded
