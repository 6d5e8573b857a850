"""The table of taxes that most receipts end with: net, tax and gross of each rate. Its rows prove themselves, and
together they come to the total."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from services.receipts.ocr.parse.amounts import amounts

CENT = Decimal("0.01")
MOST_TAX = Decimal("0.27")  # of what is net: no country takes more
NEAR = 3  # lines between two rows of one table
MOST_ROWS = 5
RATE = re.compile(r"(?<![0-9.,])([0-9]{1,2})(?:[.,]0{1,2})?\s?%")


def gross_of_table(lines: Sequence[str]) -> tuple[Decimal | None, int]:
    """What the rows of the table come to, and how many there are. A row has three sums of which two make the third;
    a row that repeats what those before it come to is their sum, and no row."""
    rows: list[tuple[int, Decimal]] = []
    for number, line in enumerate(lines):
        if (gross := _row(line)) is None:
            continue
        if rows and number - rows[-1][0] > NEAR:
            rows = []  # another table, further down
        if rows and gross == sum(one for _, one in rows):
            break
        rows.append((number, gross))
    if not 0 < len(rows) <= MOST_ROWS:
        return None, 0
    return sum((gross for _, gross in rows), Decimal(0)), len(rows)


def _row(line: str) -> Decimal | None:
    """What a row comes to: net, tax and gross; or net and tax, where the rate says that they belong together."""
    found = [amount.value for amount in amounts(line)]
    if len(found) == 3:
        tax, net, gross = sorted(found)
        return gross if net + tax == gross and CENT <= tax <= net * MOST_TAX else None
    rate = RATE.search(line)
    if len(found) != 2 or rate is None:
        return None
    net, tax = found
    owed = net * Decimal(rate[1]) / 100
    return net + tax if tax >= CENT and abs(owed - tax) <= 2 * CENT else None
